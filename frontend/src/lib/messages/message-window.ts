// The messages of a room that the page holds: a window of its history, as a value. No DOM, no network.

import type { Message, MessagePage, Reaction } from '../http/wire';

import { excerptOf } from './excerpt';

/** A contiguous window of a room's messages, oldest first. */
export interface MessageWindow {
  readonly items: readonly Message[];
  /** Whether there are older ones to load. */
  readonly hasOlder: boolean;
  /** Whether the window reaches the newest message, so that new ones join it. */
  readonly atEnd: boolean;
}

/** The most messages in the window: what a slow phone scrolls through smoothly. Scrolling loads the others again. */
export const WINDOW_MESSAGES = 400;

export function fromPage(page: MessagePage): MessageWindow {
  return { items: page.items, hasOlder: page.prev !== null, atEnd: page.next === null };
}

/** Adds an older page above; the window's newest messages go when it is full. */
export function withOlder(shown: MessageWindow, page: MessagePage): MessageWindow {
  const items = merge(shown.items, page.items);
  const kept = items.slice(0, WINDOW_MESSAGES);
  return {
    items: kept,
    hasOlder: page.prev !== null,
    atEnd: shown.atEnd && kept.length === items.length,
  };
}

/** Adds a newer page below; the window's oldest messages go when it is full. */
export function withNewer(shown: MessageWindow, page: MessagePage): MessageWindow {
  const items = merge(shown.items, page.items);
  const kept = items.slice(-WINDOW_MESSAGES);
  return {
    items: kept,
    hasOlder: shown.hasOlder || kept.length < items.length,
    atEnd: page.next === null,
  };
}

/** Takes a message that was posted. It joins the window at its end, and only when the window reaches the end. */
export function withPosted(shown: MessageWindow, message: Message): MessageWindow {
  if (shown.items.some((known) => known.id === message.id)) return withChanged(shown, message);
  if (!shown.atEnd) return shown;
  return { ...shown, items: merge(shown.items, [message]) };
}

/** Takes a message as it is after a change. What its answers show of it changes with it. */
export function withChanged(shown: MessageWindow, message: Message): MessageWindow {
  const index = shown.items.findIndex((known) => known.id === message.id);
  const known = shown.items[index];
  if (known !== undefined && fresher(known, message) === known) return shown;
  const items = known === undefined ? shown.items : shown.items.with(index, message);
  if (!items.some((other) => other.reply_to?.id === message.id))
    return known === undefined ? shown : { ...shown, items };
  const excerpt = message.deleted_at === null ? excerptOf(message.html) : null;
  const answers = items.map((other) =>
    other.reply_to?.id === message.id ? { ...other, reply_to: { ...other.reply_to, excerpt } } : other,
  );
  return { ...shown, items: answers };
}

/** Takes a reaction that was added or removed by the event of that `seq`. */
export function withReaction(shown: MessageWindow, reaction: Reaction, seq: number, isAdded: boolean): MessageWindow {
  const index = shown.items.findIndex((known) => known.id === reaction.message_id);
  const known = shown.items[index];
  if (known === undefined || known.changed_seq >= seq || known.deleted_at !== null) return shown;
  const reactions = isAdded ? withOne(known.reactions, reaction) : withoutOne(known.reactions, reaction);
  return { ...shown, items: shown.items.with(index, { ...known, reactions, changed_seq: seq }) };
}

/** How many of those who use an emoji a message names. */
const USERS_NAMED_MAX = 50;

function withOne(reactions: Message['reactions'], { emoji, user }: Reaction): Message['reactions'] {
  if (!reactions.some((used) => used.emoji === emoji)) return [...reactions, { emoji, count: 1, users: [user] }];
  return reactions.map((used) =>
    used.emoji === emoji
      ? { emoji, count: used.count + 1, users: [...used.users, user].slice(0, USERS_NAMED_MAX) }
      : used,
  );
}

function withoutOne(reactions: Message['reactions'], { emoji, user }: Reaction): Message['reactions'] {
  const others = reactions.map((used) =>
    used.emoji === emoji
      ? { emoji, count: used.count - 1, users: used.users.filter((other) => other.id !== user.id) }
      : used,
  );
  return others.filter((used) => used.count > 0);
}

/** Lets the oldest messages go while nobody looks at them, so that a busy room does not grow for ever. */
export function trimmed(shown: MessageWindow): MessageWindow {
  // A hundred at a time, so that not every message moves the list.
  if (shown.items.length <= WINDOW_MESSAGES + 100) return shown;
  return { ...shown, items: shown.items.slice(-WINDOW_MESSAGES), hasOlder: true };
}

/**
 * The later state of one message. A page of history may be ahead of the events that are still on their way, and an
 * event's copy must not undo it.
 */
export function fresher(a: Message, b: Message): Message {
  return b.changed_seq >= a.changed_seq ? b : a;
}

function merge(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  const byNumber = new Map(a.map((message) => [message.number, message]));
  for (const message of b) {
    const known = byNumber.get(message.number);
    byNumber.set(message.number, known ? fresher(known, message) : message);
  }
  return [...byNumber.values()].sort((x, y) => x.number - y.number);
}

// What stands in the list of messages, from top to bottom: messages in groups, and the lines between them.

import type { DocumentNote } from './document-notes';
import { startOfDay } from '../browser/format';
import type { UnsentMessage } from './unsent-messages.svelte';
import type { UserRef, Message } from '../http/wire';

export type Row =
  | { kind: 'day'; key: string; time: number }
  | { kind: 'new'; key: string }
  | { kind: 'document'; key: string; note: DocumentNote }
  | { kind: 'message'; key: string; startsGroup: boolean; author: UserRef; time: number; entry: Entry };

/*
 * Keys come from what a row is and never from what it shows: two rows may show the same day, time or text. A line has the
 * key of the row under it.
 */

/** A message that is stored, or one that is not sent yet. */
export type Entry = { state: 'stored'; message: Message } | { state: 'unsent'; message: UnsentMessage };

/** Messages of one author join a group when no more than this lies between them. One that answers another begins its own. */
const GROUP_MS = 5 * 60_000;

export interface RowsInput {
  messages: readonly Message[];
  /** Whether there are messages before these. */
  hasOlder?: boolean;
  unsent: readonly UnsentMessage[];
  me: UserRef;
  /** The number of the first message that was new when the room was opened; null draws no line. */
  newFrom: number | null;
  /** What was done with the room's documents, in the order of time, as far as the messages reach. */
  notes?: readonly DocumentNote[];
}

/**
 * Messages stand in the order of their numbers, whatever their times: a server's clock may be set back. Each stands under a
 * line that names its day. Unsent messages stand at the end, and never bring an earlier day back: one may have waited over
 * night, and this machine's clock may be slow.
 */
export function rows({ messages, hasOlder = false, unsent, me, newFrom, notes = [] }: RowsInput): Row[] {
  const rows: Row[] = [];
  let previous: { authorId: number | null; time: number } | null = null;
  let day = -Infinity;
  let noted = 0;

  const addDay = (time: number, below: string, isUnsent: boolean): boolean => {
    const its = startOfDay(time);
    if (isUnsent ? its <= day : its === day) return false;
    day = its;
    rows.push({ kind: 'day', key: `day:${below}`, time });
    return true;
  };
  const addNotes = (until: number): void => {
    for (let note = notes[noted]; note !== undefined && note.time <= until; note = notes[++noted]) {
      const key = `note:${note.key}`;
      addDay(note.time, key, false);
      rows.push({ kind: 'document', key, note });
      previous = { authorId: null, time: note.time };
    }
  };
  const add = (author: UserRef, time: number, key: string, entry: Entry, isFirstNew: boolean): void => {
    addNotes(time);
    const newDay = addDay(time, key, entry.state === 'unsent');
    if (isFirstNew) rows.push({ kind: 'new', key: `new:${key}` });
    const joins: boolean =
      previous?.authorId === author.id && Math.abs(time - previous.time) <= GROUP_MS && entry.message.reply_to === null;
    rows.push({ kind: 'message', key, startsGroup: newDay || isFirstNew || !joins, author, time, entry });
    previous = { authorId: author.id, time };
  };

  const firstNew = newFrom === null ? undefined : firstNewOf(messages, hasOlder, newFrom);
  const stored = new Set<string>();
  for (const message of messages) {
    if (message.client_id !== null && message.author.id === me.id) stored.add(message.client_id);
    const entry: Entry = { state: 'stored', message };
    add(message.author, Date.parse(message.created_at), messageKey(message), entry, message === firstNew);
  }
  for (const pending of unsent) {
    // The stored message may be shown a moment before its post is answered: never both.
    if (stored.has(pending.client_id)) continue;
    const key = `${me.id}:${pending.client_id}`;
    add(me, pending.written_at, key, { state: 'unsent', message: pending }, false);
  }
  addNotes(Infinity);
  return rows;
}

/** The first new message; undefined when it is further up than these messages reach. */
function firstNewOf(messages: readonly Message[], hasOlder: boolean, newFrom: number): Message | undefined {
  const index = messages.findIndex((message) => message.number >= newFrom);
  const first = messages[index];
  return index === 0 && hasOlder && first !== undefined && first.number > newFrom ? undefined : first;
}

/** The same for an unsent message and the stored one, so that the row stays where it is and only its state changes. */
export function messageKey(message: Message): string {
  return message.client_id === null ? `#${message.id}` : `${message.author.id}:${message.client_id}`;
}

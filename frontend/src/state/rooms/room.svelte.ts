// One room as the page knows it: what it is, the window of its messages, who is in it and who has it on screen.

import type { Api, HistoryCursor } from '../../lib/http/api';
import { type DocumentNote, noteOf, notesOf } from '../../lib/messages/document-notes';
import type { PresentPerson, RoomChannelEvent } from '../../lib/realtime/realtime';
import { RoomSequence, type SequenceEvent } from '../../lib/rooms/sequence';
import {
  type MessageWindow,
  fromPage,
  trimmed,
  withChanged,
  withNewer,
  withOlder,
  withPosted,
  withReaction,
} from '../../lib/messages/message-window';
import { excerptOf } from '../../lib/messages/excerpt';
import { type TimelineStore, now } from '../../lib/timeline/timeline-store';
import type {
  UserRef,
  DocumentFacts,
  Member,
  Message,
  Room,
  RoomEvent,
  RoomFacts,
  MessagePage,
  RepliedTo,
} from '../../lib/http/wire';
import type { UnsentMessages } from '../../lib/messages/unsent-messages.svelte';
import { TypingUsers } from './typing.svelte';

/** What the rooms of one person share. */
export interface RoomServices {
  api: Api;
  me: UserRef;
  unsent: UnsentMessages;
  timelines: TimelineStore;
  /** A page that was asked for before the room was known. */
  takeFirstPage?: (roomId: number) => Promise<MessagePage> | null;
}

/** `removed`: this person is no longer in the room. `deleted`: nobody is, for the room is gone. `read`: this person has read further. */
export interface RoomStateEvent {
  type: 'removed' | 'deleted' | 'read';
  room: RoomState;
}

const uncountedOf = ({ message_count, membership }: Room): number =>
  membership === null ? 0 : message_count - membership.read_number - membership.unread;

export class RoomState {
  facts = $state.raw<RoomFacts>() as RoomFacts;
  isMember = $state(false);
  /** The number of the last message that this person has read. */
  readNumber = $state(0);
  /** Null until the history was read. */
  messages = $state.raw<MessageWindow | null>(null);
  /** Why the history could not be read; the page offers to try again. */
  failure = $state.raw<unknown>(null);
  isLoading = $state(false);
  members = $state.raw<Member[] | null>(null);
  /** Last changed first; null until they were read. */
  documents = $state.raw<readonly DocumentFacts[] | null>(null);
  here = $state.raw<PresentPerson[]>([]);
  /** What this person has begun to write here. */
  draft = $state('');
  /** The message that this person's next one answers. */
  replyingTo = $state.raw<RepliedTo | null>(null);
  /** The message that this person is editing. */
  editing = $state<number | null>(null);
  /** The number of the first message that was new when the room came on screen; the "new" line stands above it. */
  newFrom = $state<number | null>(null);
  /** Whether this person went back up to the "new" line: it stays until they have come to the end again. */
  isReadingBack = $state(false);
  /** Whether the room's end is before somebody's eyes, so that what arrives is read at once. */
  isWatched = $state(false);
  readonly sequence: RoomSequence;

  /** What the history says of the documents. */
  readonly documentNotes = $derived.by(() => [...notesOf(this.documents ?? []), ...this.#heardNotes]);

  #heardNotes = $state.raw<readonly DocumentNote[]>([]);
  /** How many messages after the last read one are no news: one's own, deleted ones, and those that are not kept. */
  #uncounted = $state(0);
  /** The event up to which the server has counted them; events at or below it may still come. */
  #countedTo = 0;
  #typing = new TypingUsers();
  /** Counts the loads, so that the answer to an overtaken one is dropped. */
  #load = 0;

  constructor(
    room: Room,
    private readonly services: RoomServices,
    private readonly emit: (event: RoomStateEvent) => void,
  ) {
    this.facts = room;
    this.isMember = room.membership !== null;
    this.readNumber = room.membership?.read_number ?? 0;
    this.#uncounted = uncountedOf(room);
    this.#countedTo = room.last_seq;
    this.sequence = new RoomSequence(
      room.last_seq,
      (seq) => services.api.eventsAfter(room.id, seq),
      (event) => this.#onSequence(event),
    );
  }

  /** Whether it is read-only. */
  get isArchived(): boolean {
    return this.facts.archived_at !== null;
  }

  get id(): number {
    return this.facts.id;
  }

  /** How many messages that were new are below the message of this number. */
  newBelow(number: number): number {
    const lastOld = this.isReadingBack && this.newFrom !== null ? this.newFrom - 1 : this.readNumber;
    return Math.max(0, this.facts.message_count - Math.max(number, lastOld));
  }

  get unread(): number {
    return this.isMember ? Math.max(0, this.facts.message_count - this.readNumber - this.#uncounted) : 0;
  }

  /** The names of those who are typing, without oneself. */
  get typing(): string[] {
    return this.here.filter((person) => this.#typing.has(person.id)).map((person) => person.name);
  }

  /** Step 5: takes what came in over the room's channels. */
  on(event: RoomChannelEvent): void {
    switch (event.type) {
      case 'event':
        return this.#received(event.event, event.receivedAt);
      case 'head':
        return this.sequence.noteHead(event.seq);
      case 'refused':
        return this.emit({ type: 'removed', room: this });
      case 'presence':
        this.here = event.people;
        return;
      case 'typing':
        return this.setTyping(event.userId, event.isTyping);
      default:
        return event satisfies never;
    }
  }

  /** Takes the room as the server answered it, unless events have come further since. */
  refresh(room: Room): void {
    this.readTo(room.membership?.read_number ?? 0, false);
    if (this.isStale(room)) return;
    if (room.membership?.read_number === this.readNumber) {
      this.#uncounted = uncountedOf(room);
      this.#countedTo = room.last_seq;
    }
    this.facts = room;
    this.isMember = room.membership !== null;
    if (this.messages === null && this.members === null) {
      this.sequence.skipTo(room.last_seq);
    } else if (room.last_seq > this.sequence.position) {
      this.sequence.noteHead(room.last_seq);
      void this.sequence.catchUp();
    }
  }

  /** Whether an answer was overtaken by events while it travelled. */
  isStale(room: Room): boolean {
    return room.last_seq < this.facts.last_seq;
  }

  /** Reads the newest messages, or those around one. */
  load(aroundMessageId: number | null = null): Promise<void> {
    return this.#loadWindow(aroundMessageId === null ? {} : { around: aroundMessageId });
  }

  /** Brings the first new message into the window. */
  async loadFirstNew(): Promise<void> {
    if (this.newFrom === null) return;
    this.isReadingBack = true;
    const [oldest] = this.messages?.items ?? [];
    const isHere = oldest !== undefined && (oldest.number <= this.newFrom || !this.messages?.hasOlder);
    if (!isHere) await this.#loadWindow({ around_number: this.newFrom });
  }

  async #loadWindow(cursor: HistoryCursor): Promise<void> {
    const load = ++this.#load;
    this.isLoading = true;
    this.failure = null;
    try {
      const early = Object.keys(cursor).length === 0 ? this.services.takeFirstPage?.(this.id) : null;
      const page = await (early ?? this.services.api.messages(this.id, cursor));
      if (load !== this.#load) return;
      this.messages = fromPage(page);
      await this.#replay(page.seq);
    } catch (error) {
      if (load === this.#load) this.failure = error;
    } finally {
      if (load === this.#load) this.isLoading = false;
    }
  }

  async loadOlder(): Promise<void> {
    const oldest = this.messages?.items[0];
    if (oldest === undefined || !this.messages?.hasOlder) return;
    await this.#extend({ before: oldest.id }, withOlder);
  }

  async loadNewer(): Promise<void> {
    const newest = this.messages?.items.at(-1);
    if (newest === undefined || this.messages?.atEnd !== false) return;
    await this.#extend({ after: newest.id }, withNewer);
  }

  async loadMembers(): Promise<void> {
    this.members = await this.services.api.members(this.id);
  }

  async loadDocuments(): Promise<void> {
    this.documents = await this.services.api.documents(this.id);
  }

  /** Takes a document as the server or its event told it. */
  takeDocument(document: DocumentFacts): void {
    if (this.documents === null) return;
    const known = this.documents.find((other) => other.id === document.id);
    // The answer to a save may be overtaken by that to a later one.
    if (known !== undefined && known.revision > document.revision) return;
    const others = this.documents.filter((other) => other !== known);
    this.documents = [document, ...others].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  }

  /** A document was deleted. */
  dropDocument(documentId: number): void {
    this.documents = this.documents?.filter((document) => document.id !== documentId) ?? null;
  }

  /** The room comes on screen: the line is drawn above what is new. */
  open(): void {
    this.newFrom = this.unread > 0 ? this.readNumber + 1 : null;
  }

  /** The next message answers this one. */
  replyTo(message: Message): void {
    this.replyingTo = { id: message.id, author: message.author, excerpt: excerptOf(message.html) };
  }

  /** Puts an emoji under a message, or takes this person's own back. */
  async react(message: Message, emoji: string): Promise<void> {
    const plain = (text: string): string => text.replaceAll('\ufe0f', '');
    const used = message.reactions.find((other) => plain(other.emoji) === plain(emoji));
    const isMine = used?.users.some((user) => user.id === this.services.me.id) ?? false;
    this.take(await this.services.api.react(this.id, message.id, emoji, !isMine));
  }

  /** Begins to edit what this person wrote last; nothing while that is still on its way, and has no name to edit it by. */
  editLast(): void {
    if (this.services.unsent.isSending(this.id)) return;
    const isMine = (message: Message): boolean =>
      message.author.id === this.services.me.id && message.deleted_at === null;
    this.editing = this.messages?.items.findLast(isMine)?.id ?? null;
  }

  /** The room leaves the screen. */
  close(): void {
    this.newFrom = null;
    this.isReadingBack = false;
    this.isWatched = false;
    this.here = [];
    this.#typing.clear();
    if (this.messages?.atEnd) this.messages = trimmed(this.messages);
  }

  /** This person left, or was removed: nothing of the room is kept. */
  forget(): void {
    this.close();
    this.isMember = false;
    this.replyingTo = null;
    this.messages = null;
    this.members = null;
    this.documents = null;
    this.#load += 1;
    this.isLoading = false;
  }

  /** Everything down to the newest message was seen. */
  markRead(): void {
    this.isReadingBack = false;
    this.readTo(this.facts.message_count);
  }

  /** Takes the number up to which this person has read, here or on another device. */
  readTo(number: number, isOwnDoing = true): void {
    if (number <= this.readNumber) return;
    this.readNumber = number;
    this.#uncounted = Math.min(this.#uncounted, Math.max(0, this.facts.message_count - number));
    if (isOwnDoing) this.emit({ type: 'read', room: this });
  }

  /** Takes how far this person has read, as the server tells it to all of their devices. It counted when the room stood at `at`. */
  readElsewhere(number: number, unread: number, at: { message_count: number; last_seq: number }): void {
    if (number < this.readNumber) return;
    this.readTo(number, false);
    if (at.last_seq < this.#countedTo) return;
    this.#uncounted = Math.max(0, at.message_count - number - unread);
    this.#countedTo = at.last_seq;
  }

  setTyping(userId: number, isTyping: boolean): void {
    this.#typing.set(userId, isTyping && userId !== this.services.me.id);
  }

  /** Takes a message from the answer to a POST, PATCH or DELETE; its event says the same, sooner or later. */
  take(message: Message): void {
    if (this.messages !== null) this.messages = withPosted(this.messages, message);
  }

  #received(event: RoomEvent, receivedAt: number): void {
    if (event.type === 'message.posted') {
      this.services.timelines.received(event.message, 'socket', receivedAt, event.flow);
    }
    this.sequence.receive(event);
  }

  #onSequence(event: SequenceEvent): void {
    switch (event.type) {
      case 'next':
        return this.#apply(event.event);
      case 'resync':
        return void this.#resync();
      default:
        return event satisfies never;
    }
  }

  #apply(event: RoomEvent): void {
    this.#applyToFacts(event);
    this.#applyToWindow(event);
    switch (event.type) {
      case 'message.posted':
        this.#posted(event.message, event.seq);
        break;
      case 'member.joined':
        this.#memberJoined(event.user, event.created_at);
        break;
      case 'member.removed':
        this.members = this.members?.filter((member) => member.id !== event.user.id) ?? null;
        if (event.user.id === this.services.me.id) this.emit({ type: 'removed', room: this });
        break;
      case 'document.created':
      case 'document.changed':
        this.#documentChanged(event);
        break;
      case 'document.deleted':
        this.dropDocument(event.document.id);
        break;
      case 'message.deleted':
        this.#deleted(event.message, event.seq);
        break;
      case 'room.deleted':
        this.emit({ type: 'deleted', room: this });
        break;
      case 'message.edited':
      case 'reaction.added':
      case 'reaction.removed':
      case 'room.created':
      case 'room.changed':
        break;
    }
  }

  #documentChanged(event: RoomEvent & { document: DocumentFacts }): void {
    const note = noteOf(
      event,
      this.documents?.find((known) => known.id === event.document.id),
    );
    if (note !== null) this.#heardNotes = [...this.#heardNotes, note];
    this.takeDocument(event.document);
  }

  #applyToFacts(event: RoomEvent): void {
    const base = event.type === 'room.changed' || event.type === 'room.created' ? event.room : this.facts;
    const posted = event.type === 'message.posted' ? event.message.number : 0;
    this.facts = {
      ...base,
      last_seq: Math.max(this.facts.last_seq, event.seq),
      message_count: Math.max(this.facts.message_count, posted),
    };
  }

  #applyToWindow(event: RoomEvent): void {
    if (this.messages === null) return;
    if (event.type === 'message.posted') this.messages = withPosted(this.messages, event.message);
    if (event.type === 'message.edited' || event.type === 'message.deleted') {
      this.messages = withChanged(this.messages, event.message);
    }
    if (event.type === 'reaction.added' || event.type === 'reaction.removed') {
      this.messages = withReaction(this.messages, event.reaction, event.seq, event.type === 'reaction.added');
    }
  }

  #posted(message: Message, seq: number): void {
    this.setTyping(message.author.id, false);
    this.services.timelines.received(message, 'log', now(), undefined);
    const isOwn = message.author.id === this.services.me.id;
    if (isOwn && message.client_id !== null) this.services.unsent.stored(message.client_id);
    // What one wrote oneself is not unread, on whatever device it was written.
    const isReadByAuthor = isOwn && message.number === this.readNumber + 1;
    if (isReadByAuthor || this.isWatched) {
      this.readTo(message.number);
      if (this.isWatched && this.messages !== null) this.messages = trimmed(this.messages);
      return;
    }
    if (isOwn && seq > this.#countedTo) this.#uncounted += 1;
    if (this.newFrom === null || (this.newFrom <= this.readNumber && !this.isReadingBack)) {
      this.newFrom = this.readNumber + 1;
    }
  }

  /** One's own were never news. */
  #deleted(message: Message, seq: number): void {
    if (this.replyingTo?.id === message.id) this.replyingTo = null;
    const wasNews = message.number > this.readNumber && message.author.id !== this.services.me.id;
    if (wasNews && seq > this.#countedTo) this.#uncounted += 1;
  }

  #memberJoined(user: UserRef, joinedAt: string): void {
    if (this.members === null || this.members.some((member) => member.id === user.id)) return;
    const members = [...this.members, { ...user, joined_at: joinedAt }];
    this.members = members.sort((a, b) => a.name.localeCompare(b.name));
  }

  async #extend(cursor: { before: number } | { after: number }, extend: typeof withOlder): Promise<void> {
    if (this.isLoading) return;
    const load = ++this.#load;
    this.isLoading = true;
    try {
      const page = await this.services.api.messages(this.id, cursor);
      if (load !== this.#load || this.messages === null) return;
      this.messages = extend(this.messages, page);
      await this.#replay(page.seq);
    } finally {
      if (load === this.#load) this.isLoading = false;
    }
  }

  /**
   * A page of history shows the room as it was at `seq`. Events that were applied while it travelled are read again and
   * put on top of it; those that come later arrive by themselves.
   */
  async #replay(seq: number): Promise<void> {
    if (!this.isMember) return;
    for (let after = seq; after < this.sequence.position;) {
      const log = await this.services.api.eventsAfter(this.id, after);
      for (const event of log.items) this.#applyToWindow(event);
      if (log.items.length === 0) return;
      after = log.items.at(-1)?.seq ?? this.sequence.position;
    }
  }

  async #resync(): Promise<void> {
    if (this.messages !== null) await this.load();
    try {
      this.refresh(await this.services.api.room(this.id));
      if (this.members !== null) await this.loadMembers();
      if (this.documents !== null) await this.loadDocuments();
    } catch {
      // Nobody answered: the repair after the next connection reads both.
    }
  }
}

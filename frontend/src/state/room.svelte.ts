// One room as the page knows it: what it is, the window of its messages, who is in it and who has it on screen.

import { SvelteMap } from 'svelte/reactivity';

import type { Api } from '../lib/api';
import { type DocumentNote, noteOf, notesOf } from '../lib/document-notes';
import type { PresentPerson } from '../lib/realtime';
import { RoomSequence } from '../lib/sequence';
import { type Timeline, fromPage, trimmed, withChanged, withNewer, withOlder, withPosted } from '../lib/timeline';
import { TYPING_EXPIRES_MS } from '../lib/typing';
import type { Author, DocumentFacts, Member, Message, Room, RoomEvent, RoomFacts } from '../lib/wire';

export interface RoomHost {
  api: Api;
  me: Author;
  /** A message was posted in the room, by whomever. */
  posted(message: Message): void;
  /** Whether something that this person wrote in the room is still on its way. */
  isSending(room: RoomState): boolean;
  /** This person is no longer in the room. */
  removed(room: RoomState): void;
  /** This person has read further. */
  readMoved(room: RoomState): void;
}

export class RoomState {
  facts = $state.raw<RoomFacts>() as RoomFacts;
  isMember = $state(false);
  /** The number of the last message that this person has read. */
  readNumber = $state(0);
  /** Null until the history was read. */
  timeline = $state.raw<Timeline | null>(null);
  /** Why the history could not be read; the page offers to try again. */
  failure = $state.raw<unknown>(null);
  isLoading = $state(false);
  members = $state.raw<Member[] | null>(null);
  /** Last changed first; null until they were read. */
  documents = $state.raw<readonly DocumentFacts[] | null>(null);
  here = $state.raw<PresentPerson[]>([]);
  /** What this person has begun to write here. */
  draft = $state('');
  /** The message that this person is editing. */
  editing = $state<number | null>(null);
  /** Where the "new" line stands while the room is on screen. */
  newFrom = $state<number | null>(null);
  /** Whether the room's end is before somebody's eyes, so that what arrives is read at once. */
  isWatched = $state(false);
  readonly sequence: RoomSequence;

  /** What the history says of the documents. */
  readonly documentNotes = $derived.by(() => [...notesOf(this.documents ?? []), ...this.#heardNotes]);

  #heardNotes = $state.raw<readonly DocumentNote[]>([]);
  #typing = new SvelteMap<number, ReturnType<typeof setTimeout>>();
  /** Counts the loads, so that the answer to an overtaken one is dropped. */
  #load = 0;

  constructor(
    room: Room,
    private readonly host: RoomHost,
  ) {
    this.facts = room;
    this.isMember = room.membership !== null;
    this.readNumber = room.membership?.read_number ?? 0;
    this.sequence = new RoomSequence(room.last_seq, {
      apply: (event) => this.#apply(event),
      fetchAfter: (seq) => host.api.eventsAfter(room.id, seq),
      resync: () => void this.#resync(),
    });
  }

  get id(): number {
    return this.facts.id;
  }

  get unread(): number {
    return this.isMember ? Math.max(0, this.facts.message_count - this.readNumber) : 0;
  }

  /** The names of those who are typing, without oneself. */
  get typing(): string[] {
    return this.here.filter((person) => this.#typing.has(person.id)).map((person) => person.name);
  }

  /** Takes the room as the server answered it, unless events have come further since. */
  refresh(room: Room): void {
    this.readNumber = Math.max(this.readNumber, room.membership?.read_number ?? 0);
    if (this.isStale(room)) return;
    this.facts = room;
    this.isMember = room.membership !== null;
    if (this.timeline === null && this.members === null) {
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
  async load(aroundMessageId: number | null = null): Promise<void> {
    const load = ++this.#load;
    this.isLoading = true;
    this.failure = null;
    try {
      const cursor = aroundMessageId === null ? {} : { around: aroundMessageId };
      const page = await this.host.api.messages(this.id, cursor);
      if (load !== this.#load) return;
      this.timeline = fromPage(page);
      await this.#replay(page.seq);
    } catch (error) {
      if (load === this.#load) this.failure = error;
    } finally {
      if (load === this.#load) this.isLoading = false;
    }
  }

  async loadOlder(): Promise<void> {
    const oldest = this.timeline?.messages[0];
    if (oldest === undefined || !this.timeline?.hasOlder) return;
    await this.#extend({ before: oldest.id }, withOlder);
  }

  async loadNewer(): Promise<void> {
    const newest = this.timeline?.messages.at(-1);
    if (newest === undefined || this.timeline?.atEnd !== false) return;
    await this.#extend({ after: newest.id }, withNewer);
  }

  async loadMembers(): Promise<void> {
    this.members = await this.host.api.members(this.id);
  }

  async loadDocuments(): Promise<void> {
    this.documents = await this.host.api.documents(this.id);
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

  /** The room comes on screen: the line is drawn above what is new. */
  open(): void {
    this.newFrom = this.unread > 0 ? this.readNumber + 1 : null;
  }

  /** Begins to edit what this person wrote last; nothing while that is still on its way, and has no name to edit it by. */
  editLast(): void {
    if (this.host.isSending(this)) return;
    const isMine = (message: Message): boolean => message.author.id === this.host.me.id && message.deleted_at === null;
    this.editing = this.timeline?.messages.findLast(isMine)?.id ?? null;
  }

  /** The room leaves the screen. */
  close(): void {
    this.newFrom = null;
    this.isWatched = false;
    this.here = [];
    for (const timer of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    if (this.timeline?.atEnd) this.timeline = trimmed(this.timeline);
  }

  /** This person left, or was removed: nothing of the room is kept. */
  forget(): void {
    this.close();
    this.isMember = false;
    this.timeline = null;
    this.members = null;
    this.documents = null;
    this.#load += 1;
    this.isLoading = false;
  }

  /** Everything down to the newest message was seen. */
  markRead(): void {
    this.readTo(this.facts.message_count);
  }

  /** Takes the number up to which this person has read, here or on another device. */
  readTo(number: number, isOwnDoing = true): void {
    if (number <= this.readNumber) return;
    this.readNumber = number;
    if (isOwnDoing) this.host.readMoved(this);
  }

  setTyping(userId: number, isTyping: boolean): void {
    clearTimeout(this.#typing.get(userId));
    this.#typing.delete(userId);
    if (!isTyping || userId === this.host.me.id) return;
    this.#typing.set(
      userId,
      setTimeout(() => this.#typing.delete(userId), TYPING_EXPIRES_MS),
    );
  }

  /** Takes a message from the answer to a POST, PATCH or DELETE; its event says the same, sooner or later. */
  take(message: Message): void {
    if (this.timeline !== null) this.timeline = withPosted(this.timeline, message);
  }

  #apply(event: RoomEvent): void {
    this.#applyToFacts(event);
    this.#applyToTimeline(event);
    switch (event.type) {
      case 'message.posted':
        this.#posted(event.message);
        break;
      case 'member.joined':
        this.#memberJoined(event.user, event.created_at);
        break;
      case 'member.removed':
        this.members = this.members?.filter((member) => member.id !== event.user.id) ?? null;
        if (event.user.id === this.host.me.id) this.host.removed(this);
        break;
      case 'document.created':
      case 'document.changed':
        this.#documentChanged(event);
        break;
      case 'message.edited':
      case 'message.deleted':
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

  #applyToTimeline(event: RoomEvent): void {
    if (this.timeline === null) return;
    if (event.type === 'message.posted') this.timeline = withPosted(this.timeline, event.message);
    if (event.type === 'message.edited' || event.type === 'message.deleted') {
      this.timeline = withChanged(this.timeline, event.message);
    }
  }

  #posted(message: Message): void {
    this.setTyping(message.author.id, false);
    this.host.posted(message);
    // What one wrote oneself is not unread, on whatever device it was written.
    const isOwn = message.author.id === this.host.me.id && message.number === this.readNumber + 1;
    if (isOwn || this.isWatched) {
      this.readTo(message.number);
      if (this.isWatched && this.timeline !== null) this.timeline = trimmed(this.timeline);
    } else if (this.newFrom === null || this.newFrom <= this.readNumber) {
      this.newFrom = this.readNumber + 1;
    }
  }

  #memberJoined(user: Author, joinedAt: string): void {
    if (this.members === null || this.members.some((member) => member.id === user.id)) return;
    const members = [...this.members, { ...user, joined_at: joinedAt }];
    this.members = members.sort((a, b) => a.name.localeCompare(b.name));
  }

  async #extend(cursor: { before: number } | { after: number }, extend: typeof withOlder): Promise<void> {
    if (this.isLoading) return;
    const load = ++this.#load;
    this.isLoading = true;
    try {
      const page = await this.host.api.messages(this.id, cursor);
      if (load !== this.#load || this.timeline === null) return;
      this.timeline = extend(this.timeline, page);
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
      const log = await this.host.api.eventsAfter(this.id, after);
      for (const event of log.items) this.#applyToTimeline(event);
      if (log.items.length === 0) return;
      after = log.items.at(-1)?.seq ?? this.sequence.position;
    }
  }

  async #resync(): Promise<void> {
    if (this.timeline !== null) await this.load();
    try {
      this.refresh(await this.host.api.room(this.id));
      if (this.members !== null) await this.loadMembers();
      if (this.documents !== null) await this.loadDocuments();
    } catch {
      // Nobody answered: the repair after the next connection reads both.
    }
  }
}

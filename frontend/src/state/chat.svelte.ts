// The chat of one signed-in person: their rooms, their unsent messages, the socket, and how these work together.

import { SvelteMap } from 'svelte/reactivity';

import { Api, type RoomChange } from '../lib/http/api';
import { Drafts } from '../lib/storage/drafts';
import { HttpClient } from '../lib/http/client';
import { UnsentMessages } from '../lib/messages/unsent-messages.svelte';
import { TimelineStore } from '../lib/timeline/timeline-store';
import { ApiError } from '../lib/http/problem';
import { type ConnectionState, Realtime, type RealtimeEvent } from '../lib/realtime/realtime';
import { storage } from '../lib/storage/storage';
import type { Instance, MessagePage, Room, RoomEvent, RoomFacts, User } from '../lib/http/wire';
import { Documents } from './documents/documents.svelte';
import { notices } from './page/notices.svelte';
import { pageVersion } from './page/page-version.svelte';
import { RoomState, type RoomStateEvent } from './rooms/room.svelte';
import type { Session } from './people/session.svelte';

/** Read marks are sent together when several messages come at once. */
const READ_DELAY_MS = 250;
/** While there is no socket, the page polls for missed events this often. */
const POLL_WITHOUT_SOCKET_MS = 15_000;
/** When the list of rooms could not be read, it is asked for again after this. */
const REPAIR_RETRY_MS = 3_000;

/** Within this after the rooms were read, the server's reminders cover what was missed. */
const ROOMS_FRESH_MS = 20_000;
/** A page that looked at the rooms within this does not look again because it got the focus. */
const LOOKED_MS = 2_000;

/** A room that was taken from somebody who looked at it: they were removed from it, or everybody was. */
export interface LostRoom {
  facts: RoomFacts;
  isDeleted: boolean;
}

export class Chat {
  readonly api: Api;
  readonly timelines = new TimelineStore();
  readonly drafts: Drafts;
  readonly rooms = new SvelteMap<number, RoomState>();
  /** Whether the rooms have been read once. */
  isReady = $state(false);
  connection = $state<ConnectionState>('connecting');
  /** Whether the connection stood before: "connecting" is then "reconnecting". */
  wasConnected = $state(false);
  isOnline = $state(navigator.onLine);
  /** The room on screen. */
  current = $state.raw<RoomState | null>(null);
  /** The room that this person lost while looking at it, and why. */
  lostRoom = $state.raw<LostRoom | null>(null);

  readonly unsent: UnsentMessages;
  readonly documents: Documents;

  readonly #realtime: Realtime;
  readonly #listening = new AbortController();
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the page shows it
  #readTimers = new Map<number, ReturnType<typeof setTimeout>>();
  #repairing: Promise<void> | null = null;
  #repairTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #firstPage: { roomId: number; page: Promise<MessagePage> } | null = null;
  /** When the rooms were read last, by this machine's clock. */
  #roomsReadAt = -Infinity;
  /** The room that this person was in last and is not any more. */
  #lastLost: RoomFacts | null = null;

  readonly joined = $derived(this.#sorted((room) => room.isMember && !room.isArchived));
  readonly joinable = $derived(
    this.#sorted((room) => !room.isMember && room.facts.kind === 'open' && !room.isArchived),
  );
  readonly unread = $derived(this.joined.reduce((sum, room) => sum + room.unread, 0));

  constructor(
    private readonly session: Session,
    readonly me: User,
    readonly instance: Instance,
    /** The room that will be on screen first: its messages are asked for beside the list of rooms. */
    firstRoomId: number | null = null,
  ) {
    const noteVersion = (headers: Headers): void => pageVersion.note(headers);
    this.api = new Api(new HttpClient(session.credentialsOf(me.id), undefined, noteVersion));
    if (firstRoomId !== null) this.#firstPage = { roomId: firstRoomId, page: this.api.messages(firstRoomId) };
    this.#firstPage?.page.catch(() => undefined); // Whoever takes it hears of it; perhaps nobody does.
    this.drafts = new Drafts(me.id, storage);
    this.unsent = new UnsentMessages(me.id, storage, this.api, this.timelines, (message) =>
      this.rooms.get(message.room_id)?.take(message),
    );
    this.#realtime = new Realtime(
      instance.socket,
      (socketId, channels) => this.api.authoriseChannels(socketId, channels),
      (event) => this.#on(event),
    );
    this.documents = new Documents(me.id, this.api, this.#realtime);
    this.#realtime.subscribeUser(me.id);
    this.#realtime.subscribeOpenRooms();
    this.#listen();
    void this.repair();
  }

  /** Puts a room on screen, and takes the one before it off. */
  show(room: RoomState | null): void {
    if (this.current === room) return;
    this.current?.close();
    this.current = room;
    room?.open();
    if (room?.isMember) this.#showPresence(room);
    else this.#realtime.unsubscribePresence();
  }

  /** The room of that id, asked for when it is not known; null when this person may not see it. */
  async find(roomId: number): Promise<RoomState | null> {
    const known = this.rooms.get(roomId);
    if (known !== undefined) return known;
    try {
      return this.#add(await this.api.room(roomId));
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /** The newest messages of a room, when they were asked for before the room was known; once. */
  takeFirstPage(roomId: number): Promise<MessagePage> | null {
    if (this.#firstPage?.roomId !== roomId) return null;
    const { page } = this.#firstPage;
    this.#firstPage = null;
    return page;
  }

  async createRoom(draft: Parameters<Api['createRoom']>[0]): Promise<RoomState> {
    return this.#add(await this.api.createRoom(draft));
  }

  async join(room: RoomState): Promise<void> {
    this.#add(await this.api.joinRoom(room.id));
    if (this.lostRoom?.facts.id === room.id) this.lostRoom = null;
    if (this.current === room) this.#showPresence(room);
  }

  /** Leaves a room; a closed one as its last member only with `evenTheLast`. */
  async leave(room: RoomState, evenTheLast = false): Promise<void> {
    await this.api.removeMember(room.id, this.me.id, evenTheLast);
    this.#forget(room);
  }

  /** Changes a room, whether or not this page knows it. */
  async changeRoom(roomId: number, change: RoomChange): Promise<Room> {
    const room = await this.api.changeRoom(roomId, change);
    this.rooms.get(roomId)?.refresh(room);
    return room;
  }

  /** Deletes a room with all that was written in it. */
  async deleteRoom(roomId: number): Promise<void> {
    await this.api.deleteRoom(roomId);
    this.#roomDeleted(roomId);
  }

  /** Whether this person may rename, archive and change a room. */
  mayManage(room: RoomFacts): boolean {
    return this.isAdministrator || (room.created_by === this.me.id && this.rooms.get(room.id)?.isMember === true);
  }

  get isAdministrator(): boolean {
    return this.me.role === 'administrator';
  }

  sendTyping(isTyping: boolean): void {
    this.#realtime.sendTyping(isTyping);
  }

  /** Tries to reach the server at once. */
  tryNow(): void {
    this.#realtime.tryNow();
    this.unsent.resume();
    this.documents.tryNow();
  }

  /** Forgets what this person wrote here and did not send; before signing out of a browser that others use. */
  forgetUnsent(): void {
    this.unsent.clear();
    this.drafts.clear();
    this.documents.unsaved.clear().catch(() => undefined); // A browser that keeps nothing has nothing to forget.
  }

  close(): void {
    this.#isClosed = true;
    this.#listening.abort();
    clearTimeout(this.#repairTimer);
    for (const timer of this.#readTimers.values()) clearTimeout(timer);
    for (const room of this.rooms.values()) room.sequence.close();
    this.documents.stop();
    this.unsent.close();
    this.#realtime.close();
  }

  /**
   * Brings everything up to date after events may have been missed: which rooms there are, and in each room what
   * happened since. Subscribe first, then read: what happens in between comes twice rather than not at all.
   */
  repair(): Promise<void> {
    this.#repairing ??= this.#repair().finally(() => (this.#repairing = null));
    return this.#repairing;
  }

  async #repair(): Promise<void> {
    clearTimeout(this.#repairTimer);
    if (this.#isClosed) return;
    try {
      const rooms = await this.api.rooms();
      if (this.#isClosed) return;
      this.#roomsReadAt = Date.now();
      for (const room of rooms) {
        const known = this.rooms.get(room.id);
        if (known?.isMember && room.membership === null && !known.isStale(room)) this.#roomLost(room.id);
        this.#add(room);
      }
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing on the page shows it
      const listed = new Set(rooms.map((room) => room.id));
      for (const room of this.rooms.values()) {
        if (!listed.has(room.id)) void this.#lookFor(room);
      }
      this.isReady = true;
      this.unsent.resume();
      void this.documents.saveUnsaved();
      // Some networks let no WebSocket through: then the page is slow, but not blind.
      if (this.connection !== 'connected') this.#repairLater(POLL_WITHOUT_SOCKET_MS);
    } catch {
      this.#repairLater(REPAIR_RETRY_MS);
    }
  }

  /** A room that is not in the list was archived or deleted, or is closed to this person now. */
  async #lookFor(room: RoomState): Promise<void> {
    try {
      const found = await this.api.room(room.id);
      if (found.membership === null && room.isMember) this.#roomLost(room.id);
      else room.refresh(found);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) return; // The next repair looks again.
      // An open room that is not found is no room any more; of a closed one nobody is told which it is.
      if (room.facts.kind === 'open') this.#roomDeleted(room.id);
      else this.#roomLost(room.id);
    }
  }

  #repairLater(delayMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#repairTimer);
    this.#repairTimer = setTimeout(() => void this.repair(), delayMs);
  }

  #add(room: Room): RoomState {
    let state = this.rooms.get(room.id);
    if (state === undefined) {
      state = new RoomState(room, this, (event) => this.#onRoom(event));
      state.draft = this.drafts.of(room.id);
      this.rooms.set(room.id, state);
    } else {
      state.refresh(room);
    }
    const subscriber = state;
    if (state.isMember) this.#realtime.subscribeRoom(room.id, (event) => subscriber.on(event));
    return state;
  }

  #on(event: RealtimeEvent): void {
    switch (event.type) {
      case 'connection':
        return this.#connectionChanged(event.state);
      case 'subscribed':
        return this.#subscribed();
      case 'room.joined':
        return void this.#roomGained(event.roomId);
      case 'room.left':
        return this.#roomLost(event.roomId);
      case 'room.deleted':
        return this.#roomDeleted(event.roomId);
      case 'open-room':
        return this.#openRoomChanged(event.event);
      case 'room.read':
        return this.rooms.get(event.roomId)?.readElsewhere(event.read.read_number, event.read.unread, event.read);
      default:
        return event satisfies never;
    }
  }

  /**
   * What happened between reading the rooms and subscribing to them, the server's reminders tell: it sends a room's last number
   * 1, 5 and 30 seconds after its last event. So the rooms that were just read need not be read again.
   */
  #subscribed(): void {
    if (Date.now() - this.#roomsReadAt > ROOMS_FRESH_MS) void this.repair();
  }

  #onRoom(event: RoomStateEvent): void {
    switch (event.type) {
      case 'removed':
        return this.#roomLost(event.room.id);
      case 'deleted':
        return this.#roomDeleted(event.room.id);
      case 'read':
        return this.#sendRead(event.room);
      default:
        return event.type satisfies never;
    }
  }

  #showPresence(room: RoomState): void {
    this.#realtime.subscribePresence(room.id, (event) => room.on(event));
  }

  async #roomGained(roomId: number): Promise<void> {
    try {
      const room = this.#add(await this.api.room(roomId));
      if (this.current === room) this.#showPresence(room);
    } catch {
      // It is gone again, or the server cannot be reached; the next repair tells.
    }
  }

  #roomLost(roomId: number): void {
    const room = this.rooms.get(roomId);
    if (room === undefined || (!room.isMember && room.facts.kind === 'open')) return;
    this.#lastLost = room.facts;
    if (this.current === room) this.lostRoom = { facts: room.facts, isDeleted: false };
    this.documents.roomLost(roomId);
    this.#forget(room);
  }

  /** A room is gone for everybody. Who looks at it is told there, others in a sentence. */
  #roomDeleted(roomId: number): void {
    const room = this.rooms.get(roomId);
    if (room === undefined) return this.#lostByDeletion(roomId);
    if (this.current === room) this.lostRoom = { facts: room.facts, isDeleted: true };
    else if (room.isMember) notices.show(`The room ${room.facts.name} was deleted.`);
    this.documents.roomLost(roomId);
    this.#forget(room, true);
  }

  /** The end of this person's membership came before its reason. */
  #lostByDeletion(roomId: number): void {
    if (this.#lastLost?.id !== roomId) return;
    if (this.lostRoom?.facts.id === roomId) this.lostRoom = { ...this.lostRoom, isDeleted: true };
    else notices.show(`The room ${this.#lastLost.name} was deleted.`);
    this.#lastLost = null;
  }

  /** What members hear in the room itself, others hear here. */
  #openRoomChanged(event: RoomEvent & { room: RoomFacts }): void {
    if (event.type === 'room.deleted') return this.#roomDeleted(event.room_id);
    const known = this.rooms.get(event.room_id);
    if (known?.isMember) return;
    // The maker of a room is its first member, and hears of it as one.
    if (known === undefined && event.actor.id === this.me.id) return;
    this.#add({ ...event.room, membership: null });
  }

  #forget(room: RoomState, isDeleted = false): void {
    if (this.rooms.get(room.id) !== room) return; // The event of leaving was quicker than the answer.
    this.#realtime.unsubscribeRoom(room.id);
    room.sequence.close();
    room.forget();
    this.rooms.delete(room.id);
    // An open room can be joined again: it comes back with the list, as one that this person is not in.
    if (room.facts.kind === 'open' && !isDeleted) void this.repair();
  }

  #sendRead(room: RoomState): void {
    clearTimeout(this.#readTimers.get(room.id));
    const send = (): void => {
      this.#readTimers.delete(room.id);
      // A read mark that is lost costs a badge on another device until the next one.
      this.api.markRead(room.id, room.readNumber).catch(() => undefined);
    };
    this.#readTimers.set(room.id, setTimeout(send, READ_DELAY_MS));
  }

  #connectionChanged(state: ConnectionState): void {
    const isLost = this.connection === 'connected' && state !== 'connected';
    this.connection = state;
    if (state === 'connected') {
      this.wasConnected = true;
      this.unsent.resume();
      this.documents.tryNow();
    }
    if (isLost) {
      if (this.current !== null) this.current.here = [];
      this.#repairLater(POLL_WITHOUT_SOCKET_MS);
    }
    // The server ends a socket for good when the account or the session is gone: asking for a token tells which.
    if (state === 'refused') void this.#checkSession();
  }

  async #checkSession(): Promise<void> {
    try {
      await this.session.renewed((await this.session.token()) ?? '');
    } catch {
      // The server cannot be reached: the strip says so, and offers to try again.
    }
  }

  #listen(): void {
    const { signal } = this.#listening;
    window.addEventListener('online', () => this.#onlineChanged(), { signal });
    window.addEventListener('offline', () => this.#onlineChanged(), { signal });
    window.addEventListener('storage', (event) => this.unsent.storageChanged(event.key, event.newValue), { signal });
    // A page that slept may hold a socket that is dead without knowing it: look once whether anything was missed.
    const woke = (): void => {
      if (document.visibilityState !== 'visible') return;
      this.tryNow();
      if (Date.now() - this.#roomsReadAt > LOOKED_MS) void this.repair();
    };
    document.addEventListener('visibilitychange', woke, { signal });
    // Nobody tells a page about open rooms that its person is not in: look when they come to look.
    window.addEventListener('focus', woke, { signal });
    window.addEventListener('pageshow', (event) => event.persisted && woke(), { signal });
  }

  #onlineChanged(): void {
    this.isOnline = navigator.onLine;
    if (this.isOnline) this.tryNow();
  }

  #sorted(wanted: (room: RoomState) => boolean): RoomState[] {
    return [...this.rooms.values()].filter(wanted).sort((a, b) => a.facts.name.localeCompare(b.facts.name));
  }
}

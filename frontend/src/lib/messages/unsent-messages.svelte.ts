// What this person wrote and the server has not confirmed: kept over a reload, sent in order, never doubled.

import { backoffMs } from '../backoff';
import { newClientId } from '../client-id';
import type { Api } from '../http/api';
import { ApiError, Unreachable, explain } from '../http/problem';
import type { Message, RepliedTo } from '../http/wire';
import { type KeptStorage, keysOf } from '../storage/storage';
import type { TimelineStore } from '../timeline/timeline-store';

/** A message that its author sees at once. The stored message with the same `client_id` replaces it. */
export interface UnsentMessage {
  client_id: string;
  room_id: number;
  body: string;
  /** The message that it answers. */
  reply_to: RepliedTo | null;
  /** When it was written, in milliseconds since 1970; orders what waits. */
  written_at: number;
  /**
   * `sending`: under way. `waiting`: nobody answered yet, and it is sent again by itself, in its turn.
   * `failed`: the server refused it, and its author decides.
   */
  readonly state: 'sending' | 'waiting' | 'failed';
  /** Why it failed or waits, in a sentence. */
  readonly reason: string | null;
}

/** Answers of 500 after which a message stops holding up those behind it. */
const SERVER_ERRORS_BEFORE_FAILED = 3;

/* eslint-disable svelte/prefer-svelte-reactivity -- the page shows the list, and nothing else of this */

export class UnsentMessages {
  /** In the order of writing. */
  list = $state.raw<readonly UnsentMessage[]>([]);
  #busyRooms = new Set<number>();
  #serverErrors = new Map<string, number>();
  /** Attempts in a row that nobody answered. */
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #prefix: string;

  constructor(
    userId: number,
    private readonly storage: KeptStorage,
    private readonly api: Pick<Api, 'postMessage'>,
    private readonly timelines: TimelineStore,
    /** Takes a message that the server has stored. */
    private readonly sent: (message: Message) => void,
  ) {
    // One key per message: two tabs never overwrite each other's list. (The keys are older than the class's name.)
    this.#prefix = `hubbub.outbox.${userId}.`;
    this.list = this.#restore();
  }

  /** Whether something of this room is still on its way. */
  isSending(roomId: number): boolean {
    return this.list.some((entry) => entry.room_id === roomId);
  }

  /** Step 1: takes a new message, shows it, and begins to send it. */
  add(roomId: number, body: string, replyTo: RepliedTo | null = null): UnsentMessage {
    const last = this.list.at(-1)?.written_at ?? 0;
    const unsent: UnsentMessage = {
      client_id: newClientId(),
      room_id: roomId,
      body,
      reply_to: replyTo,
      written_at: Math.max(Date.now(), last + 1),
      state: 'sending',
      reason: null,
    };
    this.list = [...this.list, unsent];
    this.#save(unsent);
    void this.#sendRoom(roomId);
    return unsent;
  }

  /** Sends a failed or waiting message again, under the same client id. */
  retry(clientId: string): void {
    const unsent = this.#find(clientId);
    if (unsent === undefined) return;
    this.#serverErrors.delete(clientId);
    if (unsent.state === 'failed') this.#update(clientId, 'sending', null);
    this.resume();
  }

  /** Gives a message up. */
  discard(clientId: string): void {
    this.#remove(clientId);
  }

  /** The server has this message: its event came, or another tab sent it. */
  stored(clientId: string): void {
    this.#remove(clientId);
  }

  /** Another tab changed the storage: what was sent or given up there goes here too. */
  storageChanged(key: string | null, value: string | null): void {
    if (key?.startsWith(this.#prefix) && value === null) this.stored(key.slice(this.#prefix.length));
  }

  /** The server may be back: sends what waits, at once. */
  resume(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rooms = new Set(this.list.filter((entry) => entry.state !== 'failed').map((entry) => entry.room_id));
    for (const room of rooms) void this.#sendRoom(room);
  }

  /** Forgets everything that was written here; for signing out. */
  clear(): void {
    for (const entry of this.list) this.storage.removeItem(this.#prefix + entry.client_id);
    this.list = [];
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Sends a room's messages one after the other: the next leaves when the one before it is known to be stored. */
  async #sendRoom(roomId: number): Promise<void> {
    if (this.#busyRooms.has(roomId) || this.#closed) return;
    this.#busyRooms.add(roomId);
    try {
      for (let next = this.#next(roomId); next !== undefined && !this.#closed; next = this.#next(roomId)) {
        if (!(await this.#send(next))) break;
      }
    } finally {
      this.#busyRooms.delete(roomId);
    }
  }

  /** Whether the messages behind this one may go. */
  async #send(unsent: UnsentMessage): Promise<boolean> {
    try {
      const message = await this.#post(unsent);
      this.#failures = 0;
      this.sent(message);
      this.#remove(unsent.client_id);
      return true;
    } catch (error) {
      if (this.#find(unsent.client_id) === undefined) return true; // The event came though the answer did not.
      if (!this.#mayPass(unsent.client_id, error)) {
        this.#update(unsent.client_id, 'failed', explain(error));
        return true;
      }
      this.#hold(unsent.room_id, error instanceof Unreachable ? null : explain(error));
      this.#scheduleResume(error instanceof ApiError ? error.retryAfterSecs : null);
      return false;
    }
  }

  async #post({ room_id, body, client_id, reply_to }: UnsentMessage): Promise<Message> {
    this.timelines.posted(client_id);
    const message = await this.api.postMessage(room_id, {
      body,
      client_id,
      ...(reply_to && { reply_to_id: reply_to.id }),
    });
    this.timelines.answered(message);
    return message;
  }

  /** Whether the same message may be accepted later without anybody changing it. */
  #mayPass(clientId: string, error: unknown): boolean {
    if (error instanceof Unreachable) return true;
    if (!(error instanceof ApiError)) return false;
    if (error.status === 500) {
      const errors = (this.#serverErrors.get(clientId) ?? 0) + 1;
      this.#serverErrors.set(clientId, errors);
      return errors < SERVER_ERRORS_BEFORE_FAILED;
    }
    return [401, 408, 429, 502, 503, 504].includes(error.status);
  }

  #scheduleResume(retryAfterSecs: number | null): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#failures += 1;
    const wait = Math.max(backoffMs(this.#failures), (retryAfterSecs ?? 0) * 1_000);
    this.#timer = setTimeout(() => this.resume(), wait);
  }

  #next(roomId: number): UnsentMessage | undefined {
    return this.list.find((entry) => entry.room_id === roomId && entry.state !== 'failed');
  }

  #find(clientId: string): UnsentMessage | undefined {
    return this.list.find((entry) => entry.client_id === clientId);
  }

  #update(clientId: string, state: UnsentMessage['state'], reason: string | null): void {
    this.list = this.list.map((entry) => (entry.client_id === clientId ? { ...entry, state, reason } : entry));
    const entry = this.#find(clientId);
    if (entry !== undefined) this.#save(entry);
  }

  /** The first of a room's messages waits, and so do those behind it. */
  #hold(roomId: number, reason: string | null): void {
    for (const { client_id, room_id, state } of this.list) {
      if (room_id === roomId && state !== 'failed') this.#update(client_id, 'waiting', reason);
    }
  }

  #remove(clientId: string): void {
    this.#serverErrors.delete(clientId);
    this.storage.removeItem(this.#prefix + clientId);
    if (this.#find(clientId) === undefined) return;
    this.list = this.list.filter((entry) => entry.client_id !== clientId);
  }

  #save(unsent: UnsentMessage): void {
    try {
      this.storage.setItem(this.#prefix + unsent.client_id, JSON.stringify(unsent));
    } catch {
      // The storage is full or blocked: the message is sent all the same, and lost only if the page is closed before.
    }
  }

  #restore(): UnsentMessage[] {
    const restored = keysOf(this.storage, this.#prefix)
      .map((key) => parse(this.storage.getItem(key) ?? ''))
      .filter((entry) => entry !== null)
      .map((entry): UnsentMessage => (entry.state === 'sending' ? { ...entry, state: 'waiting' } : entry));
    return restored.sort((a, b) => a.written_at - b.written_at);
  }
}

function parse(text: string): UnsentMessage | null {
  try {
    const entry = JSON.parse(text) as Partial<UnsentMessage>;
    const { client_id, room_id, body, reply_to, written_at, state, reason } = entry;
    if (typeof client_id !== 'string' || typeof room_id !== 'number' || typeof body !== 'string') return null;
    if (typeof written_at !== 'number') return null;
    const known = state === 'failed' || state === 'sending' ? state : 'waiting';
    return { client_id, room_id, body, reply_to: reply_to ?? null, written_at, state: known, reason: reason ?? null };
  } catch {
    return null;
  }
}

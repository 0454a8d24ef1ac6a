// What this person wrote and the server has not confirmed: kept over a reload, sent in order, never doubled.

import type { PendingMessage } from '../http/api';
import { newClientId } from '../client-id';
import { ApiError, Unreachable, explain } from '../http/problem';
import { type KeptStorage, keysOf } from '../storage/storage';
import type { Message } from '../http/wire';

/** A pending message and how it stands. */
export interface Outgoing extends PendingMessage {
  /**
   * `sending`: under way. `waiting`: nobody answered yet, and it is sent again by itself, in its turn.
   * `failed`: the server refused it, and its author decides.
   */
  readonly state: 'sending' | 'waiting' | 'failed';
  /** Why it failed or waits, in a sentence. */
  readonly reason: string | null;
}

export interface OutboxHost {
  post(pending: PendingMessage): Promise<Message>;
  /** The server has it. */
  sent(message: Message): void;
  /** What waits is another: show it. */
  changed(): void;
}

/** Waits between attempts while nobody answers. */
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000];
/** Answers of 500 after which a message stops holding up those behind it. */
const SERVER_ERRORS_BEFORE_FAILED = 3;

export class Outbox {
  #entries: Outgoing[] = [];
  #busyRooms = new Set<number>();
  #serverErrors = new Map<string, number>();
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #prefix: string;

  constructor(
    userId: number,
    private readonly storage: KeptStorage,
    private readonly host: OutboxHost,
  ) {
    // One key per message: two tabs never overwrite each other's list.
    this.#prefix = `hubbub.outbox.${userId}.`;
    this.#entries = this.#restore();
  }

  get entries(): readonly Outgoing[] {
    return this.#entries;
  }

  /** Takes a new message and begins to send it. */
  add(roomId: number, body: string): Outgoing {
    const last = this.#entries.at(-1)?.written_at ?? 0;
    const outgoing: Outgoing = {
      client_id: newClientId(),
      room_id: roomId,
      body,
      written_at: Math.max(Date.now(), last + 1),
      state: 'sending',
      reason: null,
    };
    this.#entries = [...this.#entries, outgoing];
    this.#save(outgoing);
    this.host.changed();
    void this.#sendRoom(roomId);
    return outgoing;
  }

  /** Sends a failed or waiting message again, under the same client id. */
  retry(clientId: string): void {
    const outgoing = this.#find(clientId);
    if (outgoing === undefined) return;
    this.#serverErrors.delete(clientId);
    if (outgoing.state === 'failed') this.#update(clientId, 'sending', null);
    this.resume();
  }

  /** Gives a message up. */
  discard(clientId: string): void {
    this.#remove(clientId);
  }

  /** Takes word that the server has this message, by its echo or another tab's. */
  settle(clientId: string): void {
    this.#remove(clientId);
  }

  /** Another tab changed the storage: what was sent or given up there goes here too. */
  storageChanged(key: string | null, value: string | null): void {
    if (key?.startsWith(this.#prefix) && value === null) this.settle(key.slice(this.#prefix.length));
  }

  /** The server may be back: sends what waits, at once. */
  resume(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rooms = new Set(this.#entries.filter((entry) => entry.state !== 'failed').map((entry) => entry.room_id));
    for (const room of rooms) void this.#sendRoom(room);
  }

  /** Forgets everything that was written here; for signing out. */
  clear(): void {
    for (const entry of this.#entries) this.storage.removeItem(this.#prefix + entry.client_id);
    this.#entries = [];
    this.host.changed();
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
  async #send(outgoing: Outgoing): Promise<boolean> {
    try {
      const message = await this.host.post(outgoing);
      this.#attempts = 0;
      this.host.sent(message);
      this.#remove(outgoing.client_id);
      return true;
    } catch (error) {
      if (this.#find(outgoing.client_id) === undefined) return true; // The echo came though the answer did not.
      if (!this.#mayPass(outgoing.client_id, error)) {
        this.#update(outgoing.client_id, 'failed', explain(error));
        return true;
      }
      this.#hold(outgoing.room_id, error instanceof Unreachable ? null : explain(error));
      this.#scheduleResume(error instanceof ApiError ? error.retryAfterSecs : null);
      return false;
    }
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
    const backoff = BACKOFF_MS[Math.min(this.#attempts, BACKOFF_MS.length - 1)] ?? 20_000;
    this.#attempts += 1;
    this.#timer = setTimeout(() => this.resume(), Math.max(backoff, (retryAfterSecs ?? 0) * 1_000));
  }

  #next(roomId: number): Outgoing | undefined {
    return this.#entries.find((entry) => entry.room_id === roomId && entry.state !== 'failed');
  }

  #find(clientId: string): Outgoing | undefined {
    return this.#entries.find((entry) => entry.client_id === clientId);
  }

  #update(clientId: string, state: Outgoing['state'], reason: string | null): void {
    this.#entries = this.#entries.map((entry) => (entry.client_id === clientId ? { ...entry, state, reason } : entry));
    const entry = this.#find(clientId);
    if (entry !== undefined) this.#save(entry);
    this.host.changed();
  }

  /** The first of a room's messages waits, and so do those behind it. */
  #hold(roomId: number, reason: string | null): void {
    for (const { client_id, room_id, state } of this.#entries) {
      if (room_id === roomId && state !== 'failed') this.#update(client_id, 'waiting', reason);
    }
  }

  #remove(clientId: string): void {
    this.#serverErrors.delete(clientId);
    this.storage.removeItem(this.#prefix + clientId);
    if (this.#find(clientId) === undefined) return;
    this.#entries = this.#entries.filter((entry) => entry.client_id !== clientId);
    this.host.changed();
  }

  #save(outgoing: Outgoing): void {
    try {
      this.storage.setItem(this.#prefix + outgoing.client_id, JSON.stringify(outgoing));
    } catch {
      // The storage is full or blocked: the message is sent all the same, and lost only if the page is closed before.
    }
  }

  #restore(): Outgoing[] {
    const restored = keysOf(this.storage, this.#prefix)
      .map((key) => parse(this.storage.getItem(key) ?? ''))
      .filter((entry) => entry !== null)
      .map((entry): Outgoing => (entry.state === 'sending' ? { ...entry, state: 'waiting' } : entry));
    return restored.sort((a, b) => a.written_at - b.written_at);
  }
}

function parse(text: string): Outgoing | null {
  try {
    const entry = JSON.parse(text) as Partial<Outgoing>;
    const { client_id, room_id, body, written_at, state, reason } = entry;
    if (typeof client_id !== 'string' || typeof room_id !== 'number' || typeof body !== 'string') return null;
    if (typeof written_at !== 'number') return null;
    const known = state === 'failed' || state === 'sending' ? state : 'waiting';
    return { client_id, room_id, body, written_at, state: known, reason: reason ?? null };
  } catch {
    return null;
  }
}

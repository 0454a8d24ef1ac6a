// What the server does not have yet of a document: kept on this device, and saved by HTTP.

import * as Y from 'yjs';

import { backoffMs } from '../backoff';
import { ApiError, Unreachable } from '../http/problem';
import { type Vector, deletionsOf, isCovered, lacks } from './vector';

/** Saves this long after the last key stroke … */
export const SAVE_AFTER_MS = 1_000;
/** … and this often while somebody goes on typing. */
export const SAVE_EVERY_MS = 4_000;
/** What others typed they save themselves. Should they have vanished, somebody else does after this, give or take. */
export const SAVE_OTHERS_AFTER_MS = 15_000;
/** What is not saved is kept on this device within this. */
const KEEP_AFTER_MS = 150;
/** A browser carries no larger body beyond the end of a page. */
const KEEPALIVE_BYTES = 60_000;
/** Pieces that wait are put together beyond this many. */
const PIECES = 64;

/**
 * `saved`: the server has everything. `saving`: it will in a moment. `waiting`: nobody answers, what was typed is kept
 * on this device and saved later. `refused`: the server does not take it.
 */
export type SaveState = 'saved' | 'saving' | 'waiting' | 'refused';

/** Saves a Yjs update; resolves when the server has it. */
export type SaveUpdate = (update: Uint8Array, options: { keepalive: boolean }) => Promise<void>;

/**
 * `keep`: keep this on the device, for the server does not have it; null when there is nothing to keep. `changed`: the
 * state or the failure is another.
 */
export type SaverEvent = { type: 'keep'; update: Uint8Array | null } | { type: 'changed' };

/** A part of what is not saved. Whoever typed it, it is whole only together with the pieces before it. */
interface Piece {
  update: Uint8Array;
  isOwn: boolean;
}

export class Saver {
  /** Why the last attempt failed. */
  failure: unknown = null;

  #pieces: Piece[] = [];
  #isSaving = false;
  #isPaused = false;
  #isClosed = false;
  #failures = 0;
  /** When the first own change came that no attempt has carried. */
  #typedAt: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #othersTimer: ReturnType<typeof setTimeout> | undefined;
  #keepTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly saveUpdate: SaveUpdate,
    private readonly on: (event: SaverEvent) => void,
    private readonly random: () => number = Math.random,
  ) {}

  get state(): SaveState {
    if (!this.#pieces.some((piece) => piece.isOwn)) return 'saved';
    if (this.failure === null) return 'saving';
    return mayPass(this.failure) ? 'waiting' : 'refused';
  }

  /** Everything that is not saved, as one update; null when there is nothing. */
  get unsaved(): Uint8Array | null {
    if (this.#pieces.length === 0) return null;
    return merged(this.#pieces);
  }

  /** Takes a change that the server may not have. Changes come in the order in which the document took them. */
  add(update: Uint8Array, isOwn: boolean): void {
    this.#pieces.push({ update, isOwn });
    if (this.#pieces.length > PIECES && !this.#isSaving) {
      this.#pieces = [{ update: merged(this.#pieces), isOwn: this.#pieces.some((piece) => piece.isOwn) }];
    }
    this.#keepSoon();
    if (isOwn) this.#typed();
    else this.#watchOthers();
    this.on({ type: 'changed' });
  }

  /**
   * The server has come to `vector`; and has every deletion of `known`, if that is given. What is covered by both need not
   * be saved from here.
   */
  serverHas(vector: Vector, known: Uint8Array | null): void {
    const deletions = known === null ? new Map() : deletionsOf(known);
    this.#remove((piece) => isCovered(piece.update, vector, deletions));
  }

  /** Whether everything that this page has typed of `vector` and the server lacks is waiting here. */
  holds(vector: Vector, server: Vector): boolean {
    const held = new Map(server);
    for (const { update } of this.#pieces) {
      for (const [page, end] of Y.parseUpdateMeta(update).to) held.set(page, Math.max(end, held.get(page) ?? 0));
    }
    return !lacks(held, vector);
  }

  /** Saves at once what waits; the network is back, or somebody asked. */
  saveNow(): void {
    this.#failures = 0;
    void this.#save();
  }

  /** The page is being left: saves once more, in a way that outlives it if the browser can. */
  leave(): void {
    const update = this.unsaved;
    this.#keep();
    if (update === null || this.#isPaused) return;
    this.saveUpdate(update, { keepalive: update.length <= KEEPALIVE_BYTES }).then(
      () => this.#isClosed && this.on({ type: 'keep', update: null }),
      () => undefined, // It is kept, and saved by the next visit.
    );
  }

  /** An archived document takes nothing: what is not saved stays here until it is one no longer. */
  pause(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    if (!isPaused) this.saveNow();
  }

  close(): void {
    if (this.#keepTimer !== undefined) this.#keep();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#othersTimer);
  }

  /** Not at every key stroke, but before anybody could miss it. */
  #keepSoon(): void {
    if (!this.#isClosed) this.#keepTimer ??= setTimeout(() => this.#keep(), KEEP_AFTER_MS);
  }

  /** What only others typed they keep themselves. */
  #keep(): void {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    this.on({ type: 'keep', update: this.state === 'saved' ? null : this.unsaved });
  }

  #typed(): void {
    this.#typedAt ??= Date.now();
    if (this.#isSaving || this.#failures > 0) return;
    const wait = Math.min(SAVE_AFTER_MS, this.#typedAt + SAVE_EVERY_MS - Date.now());
    this.#saveIn(Math.max(0, wait));
  }

  #watchOthers(): void {
    if (this.#othersTimer !== undefined) return;
    const wait = SAVE_OTHERS_AFTER_MS * (1 + this.random());
    this.#othersTimer = setTimeout(() => {
      this.#othersTimer = undefined;
      void this.#save();
    }, wait);
  }

  #saveIn(wait: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#save(), wait);
  }

  async #save(): Promise<void> {
    if (this.#isSaving || this.#isPaused || this.#isClosed || this.#pieces.length === 0) return;
    clearTimeout(this.#timer);
    const sent = new Set(this.#pieces);
    this.#typedAt = null;
    this.#isSaving = true;
    try {
      await this.saveUpdate(merged([...sent]), { keepalive: false });
      this.#succeeded();
      this.#isSaving = false;
      this.#remove((piece) => sent.has(piece));
      if (this.#typedAt !== null) this.#typed();
    } catch (error) {
      this.#isSaving = false;
      // It was done, and only the answer got lost: the event of it came, and nothing is left to try again.
      if (this.#pieces.length > 0) this.#failed(error);
    }
    this.on({ type: 'changed' });
  }

  #succeeded(): void {
    this.failure = null;
    this.#failures = 0;
  }

  #failed(error: unknown): void {
    this.failure = error;
    this.#failures += 1;
    const backoff = backoffMs(this.#failures);
    const asked = error instanceof ApiError ? (error.retryAfterSecs ?? 0) * 1_000 : 0;
    this.#saveIn(Math.max(backoff * (1 + this.random() / 3), asked));
  }

  #remove(isDone: (piece: Piece) => boolean): void {
    const left = this.#pieces.filter((piece) => !isDone(piece));
    if (left.length === this.#pieces.length) return;
    this.#pieces = left;
    this.#keepSoon();
    // Somebody else saved it all: what failed here before is nobody's trouble, and holds up nothing.
    if (left.length === 0) this.#succeeded();
    if (!left.some((piece) => !piece.isOwn)) {
      clearTimeout(this.#othersTimer);
      this.#othersTimer = undefined;
    }
    this.on({ type: 'changed' });
  }
}

function merged(pieces: readonly Piece[]): Uint8Array {
  return pieces.length === 1 && pieces[0] ? pieces[0].update : Y.mergeUpdates(pieces.map((piece) => piece.update));
}

/** Whether the same save may succeed later without anybody changing anything. */
function mayPass(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof ApiError && (error.status >= 500 || [401, 408, 429].includes(error.status));
}

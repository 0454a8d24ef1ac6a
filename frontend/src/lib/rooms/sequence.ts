// Step 5, its promise: a room's events reach the page each once and in order, whatever the network does to them.

import { backoffMs } from '../backoff';
import type { CatchUp, RoomEvent } from '../http/wire';

/** How long a gap may wait for its event to arrive by itself: frames that overtake each other do so by less. */
export const GAP_WAIT_MS = 50;
/**
 * `next`: the next event of the log; they come in order, and one may come again after a resync. `resync`: too much was
 * missed, and whatever was read of the room before must be read again.
 */
export type SequenceEvent = { type: 'next'; event: RoomEvent } | { type: 'resync' };

/**
 * The place of this page in one room's log. An event at or below it is dropped, the next one is applied, one beyond a
 * gap is held until the gap is filled: by itself within {@link GAP_WAIT_MS}, else from the log.
 */
export class RoomSequence {
  /** The last event applied. */
  #position: number;
  #held = new Map<number, RoomEvent>();
  #head: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #catchingUp: Promise<void> | undefined;
  #failures = 0;
  #closed = false;

  constructor(
    position: number,
    /** Reads the room's log after `seq`. */
    private readonly eventsAfter: (seq: number) => Promise<CatchUp>,
    private readonly on: (event: SequenceEvent) => void,
  ) {
    this.#position = position;
    this.#head = position;
  }

  get position(): number {
    return this.#position;
  }

  /** Takes an event from the socket, in whatever order it comes. */
  receive(event: RoomEvent): void {
    if (event.seq <= this.#position || this.#closed) return;
    this.#held.set(event.seq, event);
    this.#head = Math.max(this.#head, event.seq);
    this.#applyHeld();
    this.#waitForGap();
  }

  /** Jumps ahead, for a room of which the page shows nothing that the events would change. */
  skipTo(seq: number): void {
    this.#position = Math.max(this.#position, seq);
    this.#applyHeld();
    this.#waitForGap();
  }

  /** Takes word that the log reaches to `seq`. */
  noteHead(seq: number): void {
    this.#head = Math.max(this.#head, seq);
    this.#waitForGap();
  }

  /** Fetches what is missing between the position and the log's head. One fetch at a time. */
  catchUp(): Promise<void> {
    this.#stopTimer();
    this.#catchingUp ??= this.#fetch().finally(() => {
      this.#catchingUp = undefined;
      this.#waitForGap();
    });
    return this.#catchingUp;
  }

  /** Ends all waiting; the room was left. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
    this.#held.clear();
  }

  async #fetch(): Promise<void> {
    try {
      for (let more = true; more && !this.#closed;) {
        const page = await this.eventsAfter(this.#position);
        if (this.#closed) return;
        this.#failures = 0;
        more = this.#take(page);
      }
    } catch {
      // Nobody answered, or not now. What is missing is still known to be missing, and is asked for again.
      this.#failures += 1;
    }
  }

  /** Whether there may be more to fetch. */
  #take(page: CatchUp): boolean {
    for (const event of page.items) {
      if (event.seq <= this.#position) continue;
      this.#position = event.seq;
      this.on({ type: 'next', event });
    }
    const stuck = page.items.length === 0 && page.head > this.#position;
    if (page.resync || stuck) {
      this.#position = page.head;
      this.on({ type: 'resync' });
    }
    this.#applyHeld();
    return page.more || page.head > this.#position;
  }

  #applyHeld(): void {
    for (const seq of this.#held.keys()) {
      if (seq <= this.#position) this.#held.delete(seq);
    }
    for (let next = this.#held.get(this.#position + 1); next; next = this.#held.get(this.#position + 1)) {
      this.#held.delete(next.seq);
      this.#position = next.seq;
      this.on({ type: 'next', event: next });
    }
  }

  #waitForGap(): void {
    if (this.#head <= this.#position) {
      this.#stopTimer();
      return;
    }
    if (this.#timer !== undefined || this.#catchingUp !== undefined || this.#closed) return;
    const wait = this.#failures === 0 ? GAP_WAIT_MS : backoffMs(this.#failures);
    this.#timer = setTimeout(() => void this.catchUp(), wait);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

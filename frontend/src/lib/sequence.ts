// Step 5, its promise: a room's events reach the page each once and in order, whatever the network does to them.

import type { CatchUp, RoomEvent } from './wire';

/** How long a hole may wait for its event to arrive by itself: frames that overtake each other do so by less. */
export const HOLE_PATIENCE_MS = 50;
/** Waits between attempts to fetch what is missing. */
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000];

/** What a sequence needs from around it. */
export interface SequenceHost {
  /** Takes the next event. Events come in order; one may come again after a resync. */
  apply(event: RoomEvent): void;
  /** Reads the room's log after `seq`. */
  fetchAfter(seq: number): Promise<CatchUp>;
  /** Too much was missed: whatever was read of the room before must be read anew. */
  resync(): void;
}

/**
 * The place of this page in one room's log. An event at or below it is dropped, the next one is applied, one beyond a
 * hole is held until the hole is filled: by itself within {@link HOLE_PATIENCE_MS}, else from the log.
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
    private readonly host: SequenceHost,
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
    this.#waitForHole();
  }

  /** Jumps ahead, for a room of which the page shows nothing that the events would change. */
  skipTo(seq: number): void {
    this.#position = Math.max(this.#position, seq);
    this.#applyHeld();
    this.#waitForHole();
  }

  /** Takes word that the log reaches to `seq`. */
  noteHead(seq: number): void {
    this.#head = Math.max(this.#head, seq);
    this.#waitForHole();
  }

  /** Fetches what is missing between the position and the log's head. One fetch at a time. */
  catchUp(): Promise<void> {
    this.#stopTimer();
    this.#catchingUp ??= this.#fetch().finally(() => {
      this.#catchingUp = undefined;
      this.#waitForHole();
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
        const page = await this.host.fetchAfter(this.#position);
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
      this.host.apply(event);
    }
    const stuck = page.items.length === 0 && page.head > this.#position;
    if (page.resync || stuck) {
      this.#position = page.head;
      this.host.resync();
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
      this.host.apply(next);
    }
  }

  #waitForHole(): void {
    if (this.#head <= this.#position) {
      this.#stopTimer();
      return;
    }
    if (this.#timer !== undefined || this.#catchingUp !== undefined || this.#closed) return;
    const wait = this.#failures === 0 ? HOLE_PATIENCE_MS : (RETRY_MS[this.#failures - 1] ?? 20_000);
    this.#timer = setTimeout(() => void this.catchUp(), wait);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

// When this page did its own steps, 1 and 5, of each message; for the view of a message's timeline.

import type { DispatchedTimeline, Message } from '../http/wire';

/** What this page did with one message, and when: milliseconds since 1970 by this machine's clock, with fractions. */
export interface PageTimes {
  /** Step 1: the POST left. */
  postedAt?: number;
  /** The answer to the POST was read. */
  answeredAt?: number;
  /** Step 5: the event arrived. */
  receivedAt?: number;
  /** Step 5: the message was on the screen. */
  paintedAt?: number;
  /** How it came: over the socket as it happened, or from the log afterwards. */
  via?: 'socket' | 'log';
  /** What the event said of the server's steps; kept because the server forgets them first. */
  dispatched?: DispatchedTimeline;
}

/** The messages whose times are kept. */
const CAPACITY = 2_000;

/**
 * Reads the clock. The monotonic clock gives the fractions, the wall clock the epoch: the browser's own `timeOrigin`
 * would be wrong by every minute that the machine has slept.
 */
export function now(): number {
  const monotonic = performance.now();
  const wall = Date.now();
  if (anchor === undefined || Math.abs(wall - (anchor + monotonic)) > 50) anchor = wall - monotonic;
  return anchor + monotonic;
}
let anchor: number | undefined;

/** The page's times of its last messages. Bounded: the oldest go when new ones come. */
export class TimelineStore {
  #times = new Map<string, PageTimes>();

  posted(clientId: string): void {
    this.#note(`c${clientId}`, { postedAt: now() });
  }

  answered(message: Message): void {
    this.#note(keyOf(message), { answeredAt: now() });
  }

  received(message: Message, via: 'socket' | 'log', at: number, dispatched: DispatchedTimeline | undefined): void {
    const known = this.#times.get(keyOf(message));
    if (known?.receivedAt !== undefined) return;
    this.#note(keyOf(message), { receivedAt: at, via, ...(dispatched && { dispatched }) });
  }

  /** Counts only for a message that arrived while this page was open: what came with the history was painted with it. */
  painted(message: Message): void {
    const known = this.#times.get(keyOf(message));
    if (known?.receivedAt === undefined || known.paintedAt !== undefined) return;
    this.#note(keyOf(message), { paintedAt: now() });
  }

  of(message: Message): PageTimes {
    return this.#times.get(keyOf(message)) ?? {};
  }

  #note(key: string, times: PageTimes): void {
    this.#times.set(key, { ...this.#times.get(key), ...times });
    if (this.#times.size <= CAPACITY) return;
    const [oldest] = this.#times.keys();
    if (oldest !== undefined) this.#times.delete(oldest);
  }
}

// A message has no id before its answer, so its client id names it; a script may post without one.
function keyOf(message: Message): string {
  return message.client_id === null ? `m${message.id}` : `c${message.client_id}`;
}

// The page's own steps of each message, 1 and 5, noted as they happen, for the flow view.

import type { DispatchedFlow, Message } from '../http/wire';

/** What this page did with one message, and when: milliseconds since 1970 by this machine's clock, with fractions. */
export interface PageSteps {
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
  dispatched?: DispatchedFlow;
}

/** The messages whose steps are kept. */
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

export class StepBook {
  #steps = new Map<string, PageSteps>();

  posted(clientId: string): void {
    this.#note(`c${clientId}`, { postedAt: now() });
  }

  answered(message: Message): void {
    this.#note(keyOf(message), { answeredAt: now() });
  }

  received(message: Message, via: 'socket' | 'log', at: number, dispatched: DispatchedFlow | undefined): void {
    const known = this.#steps.get(keyOf(message));
    if (known?.receivedAt !== undefined) return;
    this.#note(keyOf(message), { receivedAt: at, via, ...(dispatched && { dispatched }) });
  }

  /** Counts only for a message that arrived while this page was open: what came with the history was painted with it. */
  painted(message: Message): void {
    const known = this.#steps.get(keyOf(message));
    if (known?.receivedAt === undefined || known.paintedAt !== undefined) return;
    this.#note(keyOf(message), { paintedAt: now() });
  }

  of(message: Message): PageSteps {
    return this.#steps.get(keyOf(message)) ?? {};
  }

  #note(key: string, step: PageSteps): void {
    this.#steps.set(key, { ...this.#steps.get(key), ...step });
    if (this.#steps.size <= CAPACITY) return;
    const [oldest] = this.#steps.keys();
    if (oldest !== undefined) this.#steps.delete(oldest);
  }
}

// A message has no id before its answer, so its client id names it; a script may post without one.
function keyOf(message: Message): string {
  return message.client_id === null ? `m${message.id}` : `c${message.client_id}`;
}

// When to try the socket again. pusher-js itself waits 15 to 60 seconds after a failed attempt: too long for a server
// that restarts in one.

import { backoffMs } from '../backoff';

/** The connection that is kept up. */
export interface Connection {
  isConnected(): boolean;
  /** Gives up the attempt under way, if any, and begins another. */
  connect(): void;
}

export class Reconnector {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #stopped = true;

  constructor(
    private readonly connection: Connection,
    private readonly random: () => number = Math.random,
  ) {}

  /** The connection is lost or not made yet: keep trying. Does nothing while it does so already. */
  start(): void {
    this.#stopped = false;
    if (this.#timer !== undefined) return;
    // A third of jitter: a thousand pages that lost one server do not come back in one moment.
    this.#timer = setTimeout(() => this.#try(), backoffMs(this.#attempts + 1) * (1 + this.random() / 3));
  }

  /** The connection stands. */
  stop(): void {
    this.#stopped = true;
    this.#attempts = 0;
    this.#clear();
  }

  /** Tries at once: the network came back, the page became visible, or somebody asked. */
  tryNow(): void {
    if (this.#stopped || this.connection.isConnected()) return;
    this.#attempts = 0;
    this.#clear();
    this.#try();
  }

  #try(): void {
    this.#timer = undefined;
    this.#attempts += 1;
    if (this.connection.isConnected()) return;
    this.connection.connect();
    if (!this.#stopped && !this.connection.isConnected()) this.start();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

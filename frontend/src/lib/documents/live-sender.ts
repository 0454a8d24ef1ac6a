// What this page tells the others in a document while somebody types: few events, none too large.

import { toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

import type { ClientUpdate } from '../http/wire';

/** Eight events a second at the most; the socket server allows ten. */
export const EVENT_INTERVAL_MS = 125;
/** The socket server takes 10,240 bytes. */
export const EVENT_BYTES = 10_000;
/** The names and quotes around the three parts. */
const FRAME_BYTES = '{"update":"","awareness":"","state_vector":""}'.length;

/** What an event is made of, as it is at the moment when the event leaves. */
export interface LiveSource {
  cursor(): Uint8Array;
  /** What this page has. */
  stateVector(): Uint8Array;
}

/**
 * `send`: hand this to the channel, which may lose it. `too-large`: what was typed does not fit an event, and has to be
 * saved by HTTP.
 */
export type LiveSenderEvent = { type: 'send'; update: ClientUpdate } | { type: 'too-large' };

export class LiveSender {
  #updates: Uint8Array[] = [];
  #hasCursor = false;
  #hasVector = false;
  #isOpen = false;
  #sentAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: LiveSource,
    private readonly on: (event: LiveSenderEvent) => void,
  ) {}

  /** The channel is joined: from here on there is somebody to tell. */
  open(): void {
    this.#isOpen = true;
  }

  /** The channel is gone, and with it what waited: whoever is there later asks for what they lack. */
  close(): void {
    this.#isOpen = false;
    this.#updates = [];
    this.#hasCursor = this.#hasVector = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends what was typed. */
  addUpdate(update: Uint8Array): void {
    if (this.#isOpen) this.#updates.push(update);
    this.#sendSoon();
  }

  addCursor(): void {
    this.#hasCursor = this.#isOpen;
    this.#sendSoon();
  }

  addVector(): void {
    this.#hasVector = this.#isOpen;
    this.#sendSoon();
  }

  /** Sends what waits without waiting any longer; the page is closing. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isOpen) this.#send();
  }

  /** After the current task at the earliest: a key stroke changes the text and then the cursor, and both go together. */
  #sendSoon(): void {
    if (!this.#isOpen || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#sentAt + EVENT_INTERVAL_MS - performance.now());
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #send(): void {
    const event: ClientUpdate = {};
    let left = EVENT_BYTES - FRAME_BYTES;
    const add = (part: keyof ClientUpdate, bytes: Uint8Array): boolean => {
      const text = toBase64(bytes);
      if (text.length > left) return false;
      event[part] = text;
      left -= text.length;
      return true;
    };

    const updates = this.#updates;
    this.#updates = [];
    const isTooLarge = updates.length > 0 && !add('update', Y.mergeUpdates(updates));
    if (this.#hasCursor) this.#hasCursor = !add('awareness', this.source.cursor());
    // A vector that fits no event even alone is not sent: what is saved reaches the others all the same.
    if (this.#hasVector)
      this.#hasVector = !add('state_vector', this.source.stateVector()) && left < EVENT_BYTES - FRAME_BYTES;

    if (left < EVENT_BYTES - FRAME_BYTES) {
      this.#sentAt = performance.now();
      this.on({ type: 'send', update: event });
    }
    if (isTooLarge) this.on({ type: 'too-large' });
    if (this.#hasCursor || this.#hasVector) this.#sendSoon();
  }
}

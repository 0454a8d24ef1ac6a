// What this page tells the others in a document while somebody types: few events, none too large.

import * as Y from 'yjs';

import type { ClientUpdate } from '../wire';
import { toBase64 } from './base64';

/** Eight events a second at the most; the socket server allows ten. */
export const EVENT_INTERVAL_MS = 125;
/** The socket server takes 10,240 bytes. */
export const EVENT_BYTES = 10_000;
/** The names and quotes around the three parts. */
const FRAME_BYTES = '{"update":"","awareness":"","state_vector":""}'.length;

export interface LiveSenderHost {
  /** Hands an event to the socket; it may get lost. */
  send(event: ClientUpdate): void;
  /** The part about the cursor, as it is when the event leaves. */
  cursor(): Uint8Array;
  /** What this page has. */
  stateVector(): Uint8Array;
  /** What was typed does not fit an event: it has to go by HTTP. */
  tooLarge(): void;
}

export class LiveSender {
  #updates: Uint8Array[] = [];
  #hasCursor = false;
  #hasVector = false;
  #isOpen = false;
  #sentAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: LiveSenderHost) {}

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
    if (this.#hasCursor) this.#hasCursor = !add('awareness', this.host.cursor());
    // A vector that fits no event even alone is not sent: what is saved reaches the others all the same.
    if (this.#hasVector)
      this.#hasVector = !add('state_vector', this.host.stateVector()) && left < EVENT_BYTES - FRAME_BYTES;

    if (left < EVENT_BYTES - FRAME_BYTES) {
      this.#sentAt = performance.now();
      this.host.send(event);
    }
    if (isTooLarge) this.host.tooLarge();
    if (this.#hasCursor || this.#hasVector) this.#sendSoon();
  }
}

// Asks for the right to many channels at once: after each connection pusher-js asks for every channel by itself.

import type { ChannelAuthorizations } from '../http/wire';

/** What pusher-js sends to the socket server. */
export interface ChannelRight {
  auth: string;
  channel_data?: string;
}

/** The server does not let this person into the channel. */
export class ChannelRefused extends Error {
  override readonly name = 'ChannelRefused';
}

/** Channels in one request: far below the largest body that a server takes. */
const CHANNELS_PER_REQUEST = 500;

interface Waiting {
  channelName: string;
  answer: (right: ChannelRight) => void;
  fail: (error: unknown) => void;
}

/** Collects what is asked within one turn of the event loop. */
export class ChannelRights {
  #waiting: { socketId: string; channels: Waiting[] } | null = null;

  constructor(
    private readonly authorise: (socketId: string, channelNames: readonly string[]) => Promise<ChannelAuthorizations>,
  ) {}

  ask(socketId: string, channelName: string): Promise<ChannelRight> {
    return new Promise((answer, fail) => {
      if (this.#waiting?.socketId !== socketId) {
        const batch = { socketId, channels: [] as Waiting[] };
        this.#waiting = batch;
        queueMicrotask(() => this.#send(batch));
      }
      this.#waiting.channels.push({ channelName, answer, fail });
    });
  }

  #send(batch: { socketId: string; channels: Waiting[] }): void {
    if (this.#waiting === batch) this.#waiting = null;
    for (let from = 0; from < batch.channels.length; from += CHANNELS_PER_REQUEST) {
      void this.#request(batch.socketId, batch.channels.slice(from, from + CHANNELS_PER_REQUEST));
    }
  }

  async #request(socketId: string, channels: Waiting[]): Promise<void> {
    try {
      const answer = await this.authorise(socketId, [...new Set(channels.map((each) => each.channelName))]);
      const rights = new Map(answer.channels.map(({ channel_name, ...right }) => [channel_name, right]));
      for (const { channelName, answer, fail } of channels) {
        const right = rights.get(channelName);
        if (right === undefined) fail(new ChannelRefused(`No right to ${channelName}.`));
        else answer(right);
      }
    } catch (error) {
      for (const { fail } of channels) fail(error);
    }
  }
}

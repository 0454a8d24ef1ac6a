// For tests: as much of pusher-js as the page uses, with the server's side in the test's hands.

type Callback = (data: unknown, metadata?: unknown) => void;

class Emitter {
  #bound = new Map<string, Callback[]>();

  bind(event: string, callback: Callback): void {
    this.#bound.set(event, [...(this.#bound.get(event) ?? []), callback]);
  }

  unbind(): void {
    this.#bound.clear();
  }

  emit(event: string, data: unknown, metadata?: unknown): void {
    for (const callback of this.#bound.get(event) ?? []) callback(data, metadata);
  }
}

class FakeChannel extends Emitter {
  subscribed = false;
  members = { each: (): void => undefined };
}

export default class FakePusher {
  static last: FakePusher;
  connection = Object.assign(new Emitter(), { state: 'connecting' });
  channels = new Map<string, FakeChannel>();
  subscriptions: string[] = [];
  authorise: (channelName: string) => Promise<string>;
  attempts = 0;

  constructor(
    _key: string,
    options: { channelAuthorization: { customHandler: (request: object, answer: Callback) => void } },
  ) {
    FakePusher.last = this;
    this.authorise = (channelName) =>
      new Promise((resolve) =>
        options.channelAuthorization.customHandler({ socketId: '1.1', channelName }, (error) =>
          resolve(error ? 'refused' : 'granted'),
        ),
      );
  }

  channel(name: string) {
    return this.channels.get(name);
  }

  subscribe(name: string) {
    this.subscriptions.push(name);
    const channel = this.channels.get(name) ?? new FakeChannel();
    this.channels.set(name, channel);
    return channel;
  }

  unsubscribe(name: string): void {
    this.channels.delete(name);
  }

  connect(): void {
    this.attempts += 1;
    this.change('connecting');
  }

  disconnect(): void {
    this.change('disconnected');
  }

  change(current: string): void {
    if (this.connection.state === current) return;
    this.connection.state = current;
    this.connection.emit('state_change', { current });
  }

  succeed(name: string): void {
    this.channels.get(name)?.emit('pusher:subscription_succeeded', {});
  }
}

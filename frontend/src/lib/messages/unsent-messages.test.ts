import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ApiError, Unreachable } from '../http/problem';
import { MemoryStorage } from '../storage/storage';
import { ada, message, settled } from '../testing/objects';
import type { Message } from '../http/wire';
import { TimelineStore } from '../timeline/timeline-store';
import { UnsentMessages } from './unsent-messages.svelte';

interface PostedBody {
  body: string;
  client_id: string;
}

/** A server that stores each client id once, as the real one does, and a page with unsent messages. */
class Harness {
  stored: Message[] = [];
  sent: string[] = [];
  posts: string[] = [];
  storage = new MemoryStorage();
  /** What goes wrong, post by post; nothing when the list is empty. */
  failures: (Error | 'answer lost')[] = [];

  open(): UnsentMessages {
    const api = { postMessage: (roomId: number, body: PostedBody) => this.post(roomId, body) };
    return new UnsentMessages(1, this.storage, api, new TimelineStore(), (sent) => void this.sent.push(sent.body));
  }

  private async post(room_id: number, { client_id, body }: PostedBody): Promise<Message> {
    this.posts.push(body);
    const failure = this.failures.shift();
    if (failure instanceof Error) throw failure;
    let known = this.stored.find((each) => each.client_id === client_id);
    if (known === undefined) {
      known = message(this.stored.length + 1, { client_id, body, room_id, author: ada });
      this.stored.push(known);
    }
    if (failure === 'answer lost') throw new Unreachable();
    return known;
  }

  get bodies(): string[] {
    return this.stored.map((each) => each.body);
  }
}

const states = (unsent: UnsentMessages): string[] => unsent.list.map((entry) => `${entry.body} ${entry.state}`);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('unsent messages', () => {
  it('shows a message at once and lets it go when the server has it', async () => {
    const page = new Harness();
    const unsent = page.open();
    unsent.add(1, 'hello');
    expect(states(unsent)).toEqual(['hello sending']);
    await settled();
    expect(states(unsent)).toEqual([]);
    expect(page.sent).toEqual(['hello']);
  });

  it('sends in the order of writing, one at a time', async () => {
    const page = new Harness();
    const unsent = page.open();
    for (const body of ['one', 'two', 'three']) unsent.add(1, body);
    expect(page.posts).toEqual(['one']);
    await settled();
    expect(page.bodies).toEqual(['one', 'two', 'three']);
  });

  it('keeps the order when the network fails in between', async () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    const unsent = page.open();
    for (const body of ['one', 'two']) unsent.add(1, body);
    await settled();
    expect(states(unsent)).toEqual(['one waiting', 'two waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(page.bodies).toEqual(['one', 'two']);
  });

  it('does not hold up one room for another', async () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    const unsent = page.open();
    unsent.add(1, 'stuck');
    unsent.add(2, 'free');
    await settled();
    expect(page.bodies).toEqual(['free']);
  });

  it('stores a message once though its answer was lost', async () => {
    const page = new Harness();
    page.failures = ['answer lost'];
    const unsent = page.open();
    unsent.add(1, 'once');
    await settled();
    expect(states(unsent)).toEqual(['once waiting']);
    unsent.resume();
    await settled();
    expect(page.posts).toEqual(['once', 'once']);
    expect(page.bodies).toEqual(['once']);
    expect(states(unsent)).toEqual([]);
  });

  it('lets a message go when its echo comes before its answer', async () => {
    const page = new Harness();
    const unsent = page.open();
    const { client_id } = unsent.add(1, 'quick');
    unsent.stored(client_id);
    expect(states(unsent)).toEqual([]);
    await settled();
    expect(page.bodies).toEqual(['quick']);
  });

  it('does not bring a message back when its answer fails after its echo', async () => {
    const page = new Harness();
    page.failures = ['answer lost'];
    const unsent = page.open();
    const { client_id } = unsent.add(1, 'echoed');
    unsent.stored(client_id);
    await settled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(unsent)).toEqual([]);
    expect(page.posts).toEqual(['echoed']);
  });

  it('tells the author what the server refused, and goes on with the next', async () => {
    const page = new Harness();
    page.failures = [new ApiError(422, 'message_too_long', 'The message has 20000 characters.')];
    const unsent = page.open();
    unsent.add(1, 'too long');
    unsent.add(1, 'fine');
    await settled();
    expect(states(unsent)).toEqual(['too long failed']);
    expect(unsent.list[0]?.reason).toBe('The message has 20000 characters.');
    expect(page.bodies).toEqual(['fine']);
  });

  it('retries a failed message under its first client id', async () => {
    const page = new Harness();
    page.failures = [new ApiError(403, 'not_a_member', 'You are not in this room.')];
    const unsent = page.open();
    const { client_id } = unsent.add(1, 'again');
    await settled();
    unsent.retry(client_id);
    await settled();
    expect(page.stored.map((each) => each.client_id)).toEqual([client_id]);
    expect(states(unsent)).toEqual([]);
  });

  it('waits as long as a busy server asks', async () => {
    const page = new Harness();
    page.failures = [new ApiError(503, 'busy', 'Too much at once.', {}, 7)];
    page.open().add(1, 'patient');
    await settled();
    await vi.advanceTimersByTimeAsync(6_999);
    expect(page.posts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(page.bodies).toEqual(['patient']);
  });

  it('gives a message that breaks the server back to its author, and goes on', async () => {
    const page = new Harness();
    page.failures = Array.from({ length: 3 }, () => new ApiError(500, 'internal', 'Something went wrong.'));
    const unsent = page.open();
    unsent.add(1, 'poison');
    unsent.add(1, 'next');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states(unsent)).toEqual(['poison failed']);
    expect(page.bodies).toEqual(['next']);
  });

  it('backs off to twenty seconds while nobody answers', async () => {
    const page = new Harness();
    page.failures = Array.from({ length: 100 }, () => new Unreachable());
    page.open().add(1, 'hello?');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(page.posts).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(page.posts).toHaveLength(8);
  });

  it('survives a reload, and sends in order when it is resumed', async () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    const before = page.open();
    before.add(1, 'one');
    before.add(1, 'two');
    await settled();
    before.close();
    const after = page.open();
    expect(states(after)).toEqual(['one waiting', 'two waiting']);
    after.resume();
    await settled();
    expect(page.bodies).toEqual(['one', 'two']);
    expect(page.storage.length).toBe(0);
  });

  it('keeps a failed message failed over a reload', async () => {
    const page = new Harness();
    page.failures = [new ApiError(422, 'message_too_long', 'Too long.')];
    page.open().add(1, 'long');
    await settled();
    const after = page.open();
    after.resume();
    await settled();
    expect(states(after)).toEqual(['long failed']);
  });

  it('shows nothing of another person who used this browser', () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    page.open().add(1, 'secret');
    const other = new UnsentMessages(2, page.storage, { postMessage: vi.fn() }, new TimelineStore(), vi.fn());
    expect(other.list).toEqual([]);
  });

  it('does not send what was given up, here or in another tab', async () => {
    const page = new Harness();
    page.failures = [new Unreachable(), new Unreachable()];
    const unsent = page.open();
    const first = unsent.add(1, 'one');
    const second = unsent.add(1, 'two');
    await settled();
    unsent.discard(first.client_id);
    unsent.storageChanged(`hubbub.outbox.1.${second.client_id}`, null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(page.bodies).toEqual([]);
  });

  it('is not stopped by what it cannot read in the storage', () => {
    const page = new Harness();
    page.storage.setItem('hubbub.outbox.1.x', 'not json');
    page.storage.setItem('hubbub.outbox.1.y', '{"body":1}');
    expect(page.open().list).toEqual([]);
  });

  it('sends though the storage is full', async () => {
    const page = new Harness();
    page.storage.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    page.open().add(1, 'anyway');
    await settled();
    expect(page.bodies).toEqual(['anyway']);
  });
});

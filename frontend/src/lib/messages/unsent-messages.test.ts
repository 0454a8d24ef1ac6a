import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { PendingMessage } from '../http/api';
import { Outbox } from './unsent-messages';
import { ApiError, Unreachable } from '../http/problem';
import { MemoryStorage } from '../storage/storage';
import { ada, message, settled } from '../testing/objects';
import type { Message } from '../http/wire';

/** A server that stores each client id once, as the real one does, and a page with an outbox. */
class Harness {
  stored: Message[] = [];
  sent: string[] = [];
  posts: string[] = [];
  storage = new MemoryStorage();
  /** What goes wrong, post by post; nothing when the list is empty. */
  failures: (Error | 'answer lost')[] = [];

  open(): Outbox {
    const outbox = new Outbox(1, this.storage, {
      post: (pending) => this.post(pending),
      sent: (sent) => this.sent.push(sent.body),
      changed: () => undefined,
    });
    return outbox;
  }

  private async post({ client_id, body, room_id }: PendingMessage): Promise<Message> {
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

const states = (outbox: Outbox): string[] => outbox.entries.map((entry) => `${entry.body} ${entry.state}`);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the outbox', () => {
  it('shows a message at once and lets it go when the server has it', async () => {
    const page = new Harness();
    const outbox = page.open();
    outbox.add(1, 'hello');
    expect(states(outbox)).toEqual(['hello sending']);
    await settled();
    expect(states(outbox)).toEqual([]);
    expect(page.sent).toEqual(['hello']);
  });

  it('sends in the order of writing, one at a time', async () => {
    const page = new Harness();
    const outbox = page.open();
    for (const body of ['one', 'two', 'three']) outbox.add(1, body);
    expect(page.posts).toEqual(['one']);
    await settled();
    expect(page.bodies).toEqual(['one', 'two', 'three']);
  });

  it('keeps the order when the network fails in between', async () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    const outbox = page.open();
    for (const body of ['one', 'two']) outbox.add(1, body);
    await settled();
    expect(states(outbox)).toEqual(['one waiting', 'two waiting']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(page.bodies).toEqual(['one', 'two']);
  });

  it('does not hold up one room for another', async () => {
    const page = new Harness();
    page.failures = [new Unreachable()];
    const outbox = page.open();
    outbox.add(1, 'stuck');
    outbox.add(2, 'free');
    await settled();
    expect(page.bodies).toEqual(['free']);
  });

  it('stores a message once though its answer was lost', async () => {
    const page = new Harness();
    page.failures = ['answer lost'];
    const outbox = page.open();
    outbox.add(1, 'once');
    await settled();
    expect(states(outbox)).toEqual(['once waiting']);
    outbox.resume();
    await settled();
    expect(page.posts).toEqual(['once', 'once']);
    expect(page.bodies).toEqual(['once']);
    expect(states(outbox)).toEqual([]);
  });

  it('lets a message go when its echo comes before its answer', async () => {
    const page = new Harness();
    const outbox = page.open();
    const { client_id } = outbox.add(1, 'quick');
    outbox.settle(client_id);
    expect(states(outbox)).toEqual([]);
    await settled();
    expect(page.bodies).toEqual(['quick']);
  });

  it('does not bring a message back when its answer fails after its echo', async () => {
    const page = new Harness();
    page.failures = ['answer lost'];
    const outbox = page.open();
    const { client_id } = outbox.add(1, 'echoed');
    outbox.settle(client_id);
    await settled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states(outbox)).toEqual([]);
    expect(page.posts).toEqual(['echoed']);
  });

  it('tells the author what the server refused, and goes on with the next', async () => {
    const page = new Harness();
    page.failures = [new ApiError(422, 'message_too_long', 'The message has 20000 characters.')];
    const outbox = page.open();
    outbox.add(1, 'too long');
    outbox.add(1, 'fine');
    await settled();
    expect(states(outbox)).toEqual(['too long failed']);
    expect(outbox.entries[0]?.reason).toBe('The message has 20000 characters.');
    expect(page.bodies).toEqual(['fine']);
  });

  it('retries a failed message under its first client id', async () => {
    const page = new Harness();
    page.failures = [new ApiError(403, 'not_a_member', 'You are not in this room.')];
    const outbox = page.open();
    const { client_id } = outbox.add(1, 'again');
    await settled();
    outbox.retry(client_id);
    await settled();
    expect(page.stored.map((each) => each.client_id)).toEqual([client_id]);
    expect(states(outbox)).toEqual([]);
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
    const outbox = page.open();
    outbox.add(1, 'poison');
    outbox.add(1, 'next');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states(outbox)).toEqual(['poison failed']);
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
    const other = new Outbox(2, page.storage, { post: vi.fn(), sent: vi.fn(), changed: vi.fn() });
    expect(other.entries).toEqual([]);
  });

  it('does not send what was given up, here or in another tab', async () => {
    const page = new Harness();
    page.failures = [new Unreachable(), new Unreachable()];
    const outbox = page.open();
    const first = outbox.add(1, 'one');
    const second = outbox.add(1, 'two');
    await settled();
    outbox.discard(first.client_id);
    outbox.storageChanged(`hubbub.outbox.1.${second.client_id}`, null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(page.bodies).toEqual([]);
  });

  it('is not stopped by what it cannot read in the storage', () => {
    const page = new Harness();
    page.storage.setItem('hubbub.outbox.1.x', 'not json');
    page.storage.setItem('hubbub.outbox.1.y', '{"body":1}');
    expect(page.open().entries).toEqual([]);
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

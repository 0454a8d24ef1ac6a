import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { GAP_WAIT_MS, RoomSequence } from './sequence';
import { posted, settled } from '../testing/objects';
import type { CatchUp, RoomEvent } from '../http/wire';

/** A room's log, and a page that reads it. */
class Harness {
  applied: number[] = [];
  resyncs = 0;
  fetches: number[] = [];
  log: RoomEvent[] = [];
  answer: (after: number) => Promise<CatchUp> = async (after) => {
    const items = this.log.filter((event) => event.seq > after).slice(0, 3);
    const head = this.log.at(-1)?.seq ?? 0;
    return { items, head, more: (items.at(-1)?.seq ?? after) < head };
  };
  sequence: RoomSequence;

  constructor(position: number) {
    this.sequence = new RoomSequence(
      position,
      (seq) => {
        this.fetches.push(seq);
        return this.answer(seq);
      },
      (event) => {
        if (event.type === 'next') this.applied.push(event.event.seq);
        else this.resyncs += 1;
      },
    );
  }

  fill(from: number, to: number): void {
    for (let seq = from; seq <= to; seq += 1) this.log.push(posted(seq));
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a room’s sequence', () => {
  it('applies events in order', () => {
    const room = new Harness(3);
    for (const seq of [4, 5, 6]) room.sequence.receive(posted(seq));
    expect(room.applied).toEqual([4, 5, 6]);
    expect(room.sequence.position).toBe(6);
  });

  it('drops what it has had before', () => {
    const room = new Harness(3);
    for (const seq of [3, 2, 4, 4, 1]) room.sequence.receive(posted(seq));
    expect(room.applied).toEqual([4]);
  });

  it('puts events that overtake each other in order, without asking the server', async () => {
    const room = new Harness(0);
    for (const seq of [3, 1, 2]) room.sequence.receive(posted(seq));
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS * 2);
    expect(room.applied).toEqual([1, 2, 3]);
    expect(room.fetches).toEqual([]);
  });

  it('fetches a hole that does not fill by itself, and only after some patience', async () => {
    const room = new Harness(0);
    room.fill(1, 3);
    room.sequence.receive(posted(3));
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS - 1);
    expect(room.fetches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(room.fetches).toEqual([0]);
    expect(room.applied).toEqual([1, 2, 3]);
  });

  it('fetches page after page until it has caught up', async () => {
    const room = new Harness(1);
    room.fill(1, 9);
    await room.sequence.catchUp();
    expect(room.applied).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(room.fetches).toEqual([1, 4, 7]);
  });

  it('applies an event once though it comes from the log and from the socket', async () => {
    const room = new Harness(0);
    room.fill(1, 2);
    let answer: (page: CatchUp) => void = () => undefined;
    room.answer = () => new Promise((resolve) => (answer = resolve));
    const caughtUp = room.sequence.catchUp();
    room.sequence.receive(posted(1));
    room.sequence.receive(posted(2));
    answer({ items: room.log, head: 2, more: false });
    await caughtUp;
    expect(room.applied).toEqual([1, 2]);
  });

  it('catches up when it hears that the log reaches further', async () => {
    const room = new Harness(2);
    room.fill(1, 4);
    room.sequence.noteHead(4);
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS);
    expect(room.applied).toEqual([3, 4]);
  });

  it('does not fetch for a head that it has reached', async () => {
    const room = new Harness(4);
    room.sequence.noteHead(4);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(room.fetches).toEqual([]);
  });

  it('asks one question at a time', async () => {
    const room = new Harness(0);
    room.fill(1, 2);
    await Promise.all([room.sequence.catchUp(), room.sequence.catchUp(), room.sequence.catchUp()]);
    expect(room.fetches).toEqual([0]);
  });

  it('asks again, less and less often, while nobody answers', async () => {
    const room = new Harness(0);
    room.fill(1, 2);
    const answer = room.answer;
    room.answer = () => Promise.reject(new Error('down'));
    room.sequence.receive(posted(2));
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS + 1_000 + 2_000);
    expect(room.fetches).toHaveLength(3);
    room.answer = answer;
    await vi.advanceTimersByTimeAsync(4_000);
    expect(room.applied).toEqual([1, 2]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(room.fetches).toHaveLength(4);
  });

  it('reads the room anew when too much was missed, and goes on from the head', async () => {
    const room = new Harness(5);
    room.answer = async () => ({ items: [], head: 5_000, more: false, resync: true });
    await room.sequence.catchUp();
    expect(room.resyncs).toBe(1);
    room.sequence.receive(posted(5_001));
    expect(room.applied).toEqual([5_001]);
  });

  it('keeps what arrived while it was told to read anew', async () => {
    const room = new Harness(5);
    room.answer = async () => ({ items: [], head: 20, more: false, resync: true });
    room.sequence.receive(posted(21));
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS);
    expect(room.applied).toEqual([21]);
  });

  it('does not ask for ever for what the log does not show', async () => {
    const room = new Harness(5);
    room.answer = async () => ({ items: [], head: 9, more: false });
    room.sequence.noteHead(9);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(room.fetches).toEqual([5]);
    expect(room.resyncs).toBe(1);
  });

  it('is silent after it was closed', async () => {
    const room = new Harness(0);
    room.fill(1, 2);
    room.sequence.receive(posted(2));
    room.sequence.close();
    room.sequence.receive(posted(1));
    await vi.advanceTimersByTimeAsync(60_000);
    await settled();
    expect(room.applied).toEqual([]);
    expect(room.fetches).toEqual([]);
  });

  it('takes up what it held when it jumps ahead', () => {
    const room = new Harness(0);
    room.sequence.receive(posted(8));
    room.sequence.skipTo(7);
    expect(room.applied).toEqual([8]);
  });
});

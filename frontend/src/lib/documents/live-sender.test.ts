import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

import type { ClientUpdate } from '../http/wire';
import { EVENT_BYTES, EVENT_INTERVAL_MS, LiveSender } from './live-sender';

function setup() {
  const doc = new Y.Doc();
  const events: ClientUpdate[] = [];
  const source = {
    cursor: vi.fn(() => new Uint8Array(100)),
    stateVector: vi.fn(() => Y.encodeStateVector(doc)),
  };
  const tooLarge = vi.fn();
  const sender = new LiveSender(source, (event) => {
    if (event.type === 'send') events.push(event.update);
    else tooLarge();
  });
  doc.on('update', (update: Uint8Array) => sender.addUpdate(update));
  sender.open();
  return { sender, events, source, tooLarge, text: doc.getText('text') };
}

/** What somebody reads who was sent these. */
function read(events: ClientUpdate[]): string {
  const doc = new Y.Doc();
  for (const { update } of events) if (update !== undefined) Y.applyUpdate(doc, fromBase64(update));
  return doc.getText('text').toString();
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is typed', () => {
  it('leaves at once, with the cursor in the same event', () => {
    const { sender, events, text } = setup();
    text.insert(0, 'a');
    sender.addCursor();
    vi.advanceTimersByTime(1);
    expect(events).toEqual([{ update: expect.any(String), awareness: expect.any(String) }]);
  });

  it('leaves at most eight times a second, however fast it comes, and nothing is left out', () => {
    const { events, text } = setup();
    for (let key = 0; key < 200; key += 1) {
      text.insert(text.length, 'x');
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(EVENT_INTERVAL_MS);
    expect(events.length).toBeLessThanOrEqual(17);
    expect(read(events)).toBe('x'.repeat(200));
  });

  it('goes by HTTP when it fits no event, and the cursor by the event all the same', () => {
    const { sender, events, tooLarge, text } = setup();
    text.insert(0, 'a long text '.repeat(1_000));
    sender.addCursor();
    vi.advanceTimersByTime(1);
    expect(tooLarge).toHaveBeenCalledOnce();
    expect(events).toEqual([{ awareness: expect.any(String) }]);
  });

  it('never makes an event larger than the socket server takes', () => {
    const { sender, events, source, text } = setup();
    source.cursor.mockImplementation(() => new Uint8Array(2_000));
    text.insert(0, 'z'.repeat(6_000));
    sender.addCursor();
    sender.addVector();
    vi.advanceTimersByTime(2 * EVENT_INTERVAL_MS);
    expect(events).toHaveLength(2);
    for (const event of events) expect(JSON.stringify(event).length).toBeLessThanOrEqual(EVENT_BYTES);
    expect(events[1]?.awareness).toBeDefined();
  });

  it('does not wait for a channel that is not there', () => {
    const { sender, events, text } = setup();
    sender.close();
    text.insert(0, 'while away');
    sender.open();
    vi.advanceTimersByTime(1_000);
    expect(events).toEqual([]);
  });
});

describe('a state vector', () => {
  it('that fits no event is not sent, and is not tried for ever', () => {
    const { sender, events, source } = setup();
    source.stateVector.mockImplementation(() => new Uint8Array(EVENT_BYTES));
    sender.addVector();
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([]);
    expect(source.stateVector).toHaveBeenCalledOnce();
  });
});

import { describe, expect, it } from 'vitest';

import { timelineOf } from './timeline';
import { timelineSteps } from './steps';
import type { PageTimes } from './timeline-store';
import type { ServerTimeline } from '../http/wire';

const RECEIVED = Date.parse('2026-11-24T14:45:18.123Z');
const server: ServerTimeline = {
  message_id: 7,
  seq: 41,
  received_at: '2026-11-24T14:45:18.123Z',
  stored_us: 610,
  dispatched_us: 622,
  heard_us: 655,
  written_us: 805,
  sockets: 1,
  answered_us: 640,
};
const mine: PageTimes = {
  postedAt: RECEIVED - 2,
  answeredAt: RECEIVED + 3,
  receivedAt: RECEIVED + 4,
  paintedAt: RECEIVED + 12,
  via: 'socket',
};
const tell = (server: ServerTimeline | null, page: PageTimes, otherAuthor: string | null = null) =>
  timelineSteps({ timeline: timelineOf(server, page), page, seq: 41, otherAuthor });

describe('the six steps', () => {
  it('are told with their times, and say whose clock they are by', () => {
    const steps = tell(server, mine);
    expect(steps.map((step) => step.title)).toEqual([
      'Posted',
      'Stored',
      'Dispatched',
      'Broadcast',
      'Received',
      'Answered',
    ]);
    expect(steps.map((step) => step.clock)).toEqual(['page', 'server', 'server', 'server', 'page', 'server']);
    expect(steps[0]?.at).toBe(0);
    expect(steps[1]?.text).toContain('event 41');
    expect(steps[1]?.text).toContain('0.61 ms');
    expect(steps[3]?.text).toContain('written to 1 socket in 0.15 ms.');
    expect(steps[4]?.text).toContain('on the screen 8.00 ms later');
  });

  it('are told without times when the server has forgotten', () => {
    const steps = tell(null, {}, 'Grace Hopper');
    expect(steps.every((step) => step.at === null)).toBe(true);
    expect(steps[0]?.text).toContain('Grace Hopper');
    expect(steps[3]?.text).not.toMatch(/null|undefined|NaN/);
  });

  it('tell no duration that would be negative', () => {
    const steps = tell({ ...server, heard_us: 615, answered_us: 700 }, mine);
    expect(steps.map((step) => step.text).join(' ')).not.toContain('-');
  });

  it('tell no journey that was not measured, because the clocks differ', () => {
    const behind: PageTimes = { receivedAt: RECEIVED - 500, paintedAt: RECEIVED - 492, via: 'socket' };
    const steps = tell(server, behind, 'Grace Hopper');
    expect(steps[4]?.text).toBe('The event came in over the socket. It was on the screen 8.00 ms later.');
  });

  it('say that a message was missed and read later', () => {
    const steps = tell(server, { receivedAt: RECEIVED + 60_000, via: 'log' });
    expect(steps[4]?.text).toContain('missed the event');
  });
});

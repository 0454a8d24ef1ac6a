import { describe, expect, it } from 'vitest';

import { between, departure, timelineOf, place } from './timeline';
import type { ServerTimeline } from '../http/wire';

const RECEIVED = Date.parse('2026-11-24T14:45:18.123Z');
const server: ServerTimeline = {
  message_id: 7,
  seq: 41,
  received_at: '2026-11-24T14:45:18.123Z',
  stored_us: 610,
  dispatched_us: 622,
  heard_us: 655,
  written_us: 810,
  sockets: 12,
  answered_us: 640,
};
const names = (line: { points: { name: string }[] }): string[] => line.points.map((point) => point.name);

describe('the journey of a message', () => {
  it('puts the points of both clocks on one line', () => {
    const line = timelineOf(server, {
      postedAt: RECEIVED - 2,
      answeredAt: RECEIVED + 3,
      receivedAt: RECEIVED + 4,
      paintedAt: RECEIVED + 12,
      via: 'socket',
    });
    expect(names(line)).toEqual([
      'posted',
      'arrived',
      'stored',
      'dispatched',
      'ready',
      'heard',
      'written',
      'answered',
      'received',
      'painted',
    ]);
    expect(line.points[0]?.at).toBe(0);
    expect(line.points.at(-1)?.at).toBe(14);
    expect(line.alignment?.correctionMs).toBe(0);
    expect(line.sockets).toBe(12);
    expect(between(line, 'arrived', 'stored')).toBeCloseTo(0.61);
  });

  it('moves the server’s clock so that nothing arrives before it was sent', () => {
    const behind = timelineOf(server, { postedAt: RECEIVED + 500, answeredAt: RECEIVED + 505 });
    expect(behind.alignment?.correctionMs).toBe(500);
    expect(between(behind, 'posted', 'arrived')).toBe(0);
  });

  it('moves it back when the event would be received before it was written', () => {
    const ahead = timelineOf(server, { receivedAt: RECEIVED - 300, via: 'socket' });
    expect(ahead.alignment?.correctionMs).toBeCloseTo(-300.656);
    expect(between(ahead, 'heard', 'received')).toBeCloseTo(0.001);
    expect(names(ahead).indexOf('heard')).toBeLessThan(names(ahead).indexOf('received'));
  });

  it('never has the event picked up before it was dispatched', () => {
    const line = timelineOf({ ...server, dispatched_us: 660, heard_us: 655 }, {});
    expect(names(line).indexOf('dispatched')).toBeLessThan(names(line).indexOf('heard'));
    expect(between(line, 'dispatched', 'heard')).toBe(0);
    const sound = timelineOf(server, {});
    expect(between(sound, 'dispatched', 'heard')).toBeCloseTo(0.033);
  });

  it('moves it by as little as possible', () => {
    const sound = timelineOf(server, { postedAt: RECEIVED - 50, receivedAt: RECEIVED + 50, via: 'socket' });
    expect(sound.alignment?.correctionMs).toBe(0);
  });

  it('lets the event set out when it was taken up, if other sockets were written to after this page’s', () => {
    const early = { receivedAt: RECEIVED + 0.7, via: 'socket' } as const;
    expect(departure(timelineOf(server, early))).toBe('heard');
    expect(departure(timelineOf(server, { ...early, receivedAt: RECEIVED + 4 }))).toBe('written');
  });

  it('knows only the page’s steps when the server has forgotten', () => {
    const line = timelineOf(null, { postedAt: 1_000, answeredAt: 1_005 });
    expect(names(line)).toEqual(['posted', 'answered']);
    expect(line.alignment).toBeNull();
    expect(line.sockets).toBeNull();
  });

  it('knows what the event told when the server has forgotten since', () => {
    const { received_at, stored_us, dispatched_us } = server;
    const line = timelineOf({ received_at, stored_us, dispatched_us }, {});
    expect(names(line)).toEqual(['arrived', 'stored', 'dispatched']);
  });

  it('leaves steps out that have not happened', () => {
    const line = timelineOf({ ...server, heard_us: null, written_us: null }, {});
    expect(names(line)).not.toContain('heard');
    expect(between(line, 'heard', 'written')).toBeNull();
  });

  it('does not take a message that was read from the log for one that came as it happened', () => {
    const line = timelineOf(server, { receivedAt: RECEIVED + 90_000, paintedAt: RECEIVED + 90_010, via: 'log' });
    expect(names(line)).not.toContain('received');
  });
});

describe('the line of time', () => {
  const points = [0, 0.6, 0.61, 5, 25].map((at) => ({ name: 'posted' as const, at, clock: 'page' as const }));

  it('runs from 0 to 1 and never backwards, in both scales', () => {
    for (const scale of ['true', 'stretched'] as const) {
      const places = place(points, scale);
      expect(places[0]).toBe(0);
      expect(places.at(-1)).toBeCloseTo(1);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
  });

  it('is proportional in true scale', () => {
    expect(place(points, 'true')[3]).toBeCloseTo(0.2);
  });

  it('gives the shortest step room when it is stretched, and longer ones more', () => {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = place(points, 'stretched');
    expect(c - b).toBeGreaterThan(0.08);
    expect(d - c).toBeGreaterThan(b - a);
    expect(e - d).toBeGreaterThan(d - c);
  });

  it('spreads points that are all one', () => {
    expect(
      place(
        points.slice(0, 3).map((point) => ({ ...point, at: 0 })),
        'true',
      ),
    ).toEqual([0, 0.5, 1]);
  });
});

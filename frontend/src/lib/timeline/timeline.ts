// The timeline of one message: its six steps, from two clocks, the server's and this page's.

import type { PageTimes } from './timeline-store';
import type { DispatchedTimeline, ServerTimeline } from '../http/wire';

export type Clock = 'page' | 'server';

/** A point of the timeline. */
export interface TimelinePoint {
  name: PointName;
  /** Milliseconds after the first known point. */
  at: number;
  clock: Clock;
}

export type PointName =
  'posted' | 'arrived' | 'stored' | 'dispatched' | 'heard' | 'written' | 'ready' | 'answered' | 'received' | 'painted';

/** A message's timeline, as far as it is known here. */
export interface Timeline {
  /** In the order in which they happened. */
  points: TimelinePoint[];
  /** Sockets it was written to; null when the server has forgotten. */
  sockets: number | null;
  /** How the two clocks were brought together; null when only one of them knows anything. */
  alignment: Alignment | null;
}

export interface Alignment {
  /** What was added to the server's times so that nothing arrives before it was sent, in milliseconds. */
  correctionMs: number;
}

const CLOCK_OF: Record<PointName, Clock> = {
  posted: 'page',
  arrived: 'server',
  stored: 'server',
  dispatched: 'server',
  heard: 'server',
  written: 'server',
  ready: 'server',
  answered: 'page',
  received: 'page',
  painted: 'page',
};

/** Breaks ties: two points may carry the same microsecond. */
const ORDER: PointName[] = [
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
];

/** Puts together what the server and the page know of a message. */
export function timelineOf(server: ServerTimeline | DispatchedTimeline | null, page: PageTimes): Timeline {
  const correctionMs = server === null ? 0 : correction(server, page);
  // Counted from the arrival: milliseconds since 1970 would leave no figures for a fraction of a microsecond.
  const origin = server === null ? (page.postedAt ?? page.receivedAt ?? 0) : Date.parse(server.received_at);
  const points = [...serverPoints(server, correctionMs), ...pagePoints(page, origin)].sort(
    (a, b) => a.at - b.at || ORDER.indexOf(a.name) - ORDER.indexOf(b.name),
  );
  const start = points[0]?.at ?? 0;
  const clocks = new Set(points.map((point) => point.clock));
  return {
    points: points.map((point) => ({ ...point, at: point.at - start })),
    sockets: server !== null && 'sockets' in server ? server.sockets : null,
    alignment: clocks.size === 2 ? { correctionMs } : null,
  };
}

/** The time between two points; null when one of them is not known. */
export function between(timeline: Timeline, from: PointName, to: PointName): number | null {
  const start = timeline.points.find((point) => point.name === from);
  const end = timeline.points.find((point) => point.name === to);
  return start === undefined || end === undefined ? null : end.at - start.at;
}

/**
 * From where the event set out to this page: "written" is the last socket's, and this page's may have been an earlier one.
 */
export function departure(timeline: Timeline): 'written' | 'heard' {
  const travelled = between(timeline, 'written', 'received');
  return travelled !== null && travelled < 0 ? 'heard' : 'written';
}

function serverPoints(server: ServerTimeline | DispatchedTimeline | null, correctionMs: number): TimelinePoint[] {
  if (server === null) return [];
  const later = 'heard_us' in server ? server : null;
  const heard = later?.heard_us ?? null;
  // The broadcaster may note that it has the event before the handler notes that it has handed it over.
  const isEarly = heard !== null && server.dispatched_us !== null && heard < server.dispatched_us;
  const micros: [PointName, number | null | undefined][] = [
    ['arrived', 0],
    ['stored', server.stored_us],
    ['dispatched', isEarly ? heard : server.dispatched_us],
    ['heard', heard],
    ['written', later?.written_us],
    ['ready', later?.answered_us],
  ];
  return micros.flatMap(([name, us]) =>
    us === null || us === undefined ? [] : [{ name, at: correctionMs + us / 1_000, clock: CLOCK_OF[name] }],
  );
}

function pagePoints(page: PageTimes, origin: number): TimelinePoint[] {
  const known: [PointName, number | undefined][] = [
    ['posted', page.postedAt],
    ['answered', page.answeredAt],
    ['received', page.via === 'log' ? undefined : page.receivedAt],
    ['painted', page.via === 'log' ? undefined : page.paintedAt],
  ];
  return known.flatMap(([name, at]) => (at === undefined ? [] : [{ name, at: at - origin, clock: CLOCK_OF[name] }]));
}

/**
 * What to add to the server's clock. Wall clocks of two machines differ, and the server's `received_at` is whole
 * milliseconds, so the times are moved by as little as makes cause come before effect: the request arrives after it was
 * sent, and the answer and the event leave before they are received.
 */
function correction(server: ServerTimeline | DispatchedTimeline, page: PageTimes): number {
  const arrived = Date.parse(server.received_at);
  const later = 'heard_us' in server ? server : null;
  const earliest = page.postedAt ?? -Infinity;
  const latest = Math.min(
    bound(page.answeredAt, later?.answered_us ?? server.stored_us),
    bound(page.via === 'log' ? undefined : page.receivedAt, later?.heard_us ?? server.dispatched_us),
  );
  if (earliest > latest) return (earliest + latest) / 2 - arrived; // The clocks drift within the message: split it.
  return Math.min(Math.max(arrived, earliest), latest) - arrived;
}

function bound(seenAt: number | undefined, leftUs: number | null | undefined): number {
  // A microsecond apart, so that rounding does not turn cause and effect around.
  return seenAt === undefined ? Infinity : seenAt - (leftUs ?? 0) / 1_000 - 0.001;
}

/**
 * Places the points on a line from 0 to 1. True scale shows where the time goes; stretched gives every step room to
 * be seen, longer ones more of it: a step's share grows with the logarithm of its duration.
 */
export function place(points: readonly TimelinePoint[], scale: 'true' | 'stretched'): number[] {
  const total = points.at(-1)?.at ?? 0;
  if (total === 0) return points.map((_, index) => index / Math.max(1, points.length - 1));
  if (scale === 'true') return points.map((point) => point.at / total);
  const shares = points.map((point, index) => {
    const before = points[index - 1];
    return before === undefined ? 0 : 1 + Math.log1p((point.at - before.at) * 20) / 6;
  });
  const sum = shares.reduce((a, b) => a + b, 0);
  let place = 0;
  return shares.map((share) => (place += share / sum));
}

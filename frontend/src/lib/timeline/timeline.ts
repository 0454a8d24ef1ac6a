// The six steps of one message on one line of time, from two clocks: the server's and this page's.

import type { PageSteps } from './timeline-store';
import type { DispatchedFlow, ServerFlow } from '../http/wire';

export type Clock = 'page' | 'server';

/** A moment of the journey. */
export interface Moment {
  name: MomentName;
  /** Milliseconds after the first known moment. */
  at: number;
  clock: Clock;
}

export type MomentName =
  'posted' | 'arrived' | 'stored' | 'dispatched' | 'heard' | 'written' | 'ready' | 'answered' | 'received' | 'painted';

/** A message's journey, as far as it is known here. */
export interface Journey {
  /** In the order in which they happened. */
  moments: Moment[];
  /** Sockets it was written to; null when the server has forgotten. */
  sockets: number | null;
  /** How the two clocks were brought together; null when only one of them knows anything. */
  alignment: Alignment | null;
}

export interface Alignment {
  /** What was added to the server's times so that nothing arrives before it was sent, in milliseconds. */
  correctionMs: number;
}

const CLOCK_OF: Record<MomentName, Clock> = {
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

/** Breaks ties: two moments may carry the same microsecond. */
const ORDER: MomentName[] = [
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
export function journey(server: ServerFlow | DispatchedFlow | null, page: PageSteps): Journey {
  const correctionMs = server === null ? 0 : correction(server, page);
  // Counted from the arrival: milliseconds since 1970 would leave no figures for a fraction of a microsecond.
  const origin = server === null ? (page.postedAt ?? page.receivedAt ?? 0) : Date.parse(server.received_at);
  const moments = [...serverMoments(server, correctionMs), ...pageMoments(page, origin)].sort(
    (a, b) => a.at - b.at || ORDER.indexOf(a.name) - ORDER.indexOf(b.name),
  );
  const start = moments[0]?.at ?? 0;
  const clocks = new Set(moments.map((moment) => moment.clock));
  return {
    moments: moments.map((moment) => ({ ...moment, at: moment.at - start })),
    sockets: server !== null && 'sockets' in server ? server.sockets : null,
    alignment: clocks.size === 2 ? { correctionMs } : null,
  };
}

/** The time between two moments; null when one of them is not known. */
export function between(journey: Journey, from: MomentName, to: MomentName): number | null {
  const start = journey.moments.find((moment) => moment.name === from);
  const end = journey.moments.find((moment) => moment.name === to);
  return start === undefined || end === undefined ? null : end.at - start.at;
}

/**
 * From where the event set out to this page: "written" is the last socket's, and this page's may have been an earlier one.
 */
export function departure(journey: Journey): 'written' | 'heard' {
  const travelled = between(journey, 'written', 'received');
  return travelled !== null && travelled < 0 ? 'heard' : 'written';
}

function serverMoments(server: ServerFlow | DispatchedFlow | null, correctionMs: number): Moment[] {
  if (server === null) return [];
  const later = 'heard_us' in server ? server : null;
  const micros: [MomentName, number | null | undefined][] = [
    ['arrived', 0],
    ['stored', server.stored_us],
    ['dispatched', server.dispatched_us],
    ['heard', later?.heard_us],
    ['written', later?.written_us],
    ['ready', later?.answered_us],
  ];
  return micros.flatMap(([name, us]) =>
    us === null || us === undefined ? [] : [{ name, at: correctionMs + us / 1_000, clock: CLOCK_OF[name] }],
  );
}

function pageMoments(page: PageSteps, origin: number): Moment[] {
  const known: [MomentName, number | undefined][] = [
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
function correction(server: ServerFlow | DispatchedFlow, page: PageSteps): number {
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
 * Places the moments on a line from 0 to 1. True scale shows where the time goes; stretched gives every step room to
 * be seen, longer ones more of it: a step's share grows with the logarithm of its duration.
 */
export function place(moments: readonly Moment[], scale: 'true' | 'stretched'): number[] {
  const total = moments.at(-1)?.at ?? 0;
  if (total === 0) return moments.map((_, index) => index / Math.max(1, moments.length - 1));
  if (scale === 'true') return moments.map((moment) => moment.at / total);
  const shares = moments.map((moment, index) => {
    const before = moments[index - 1];
    return before === undefined ? 0 : 1 + Math.log1p((moment.at - before.at) * 20) / 6;
  });
  const sum = shares.reduce((a, b) => a + b, 0);
  let place = 0;
  return shares.map((share) => (place += share / sum));
}

// The six steps of a message in words: what happens, how long it took, and where in the code.

import { type Clock, type Timeline, type PointName, between, departure } from './timeline';
import { count, duration } from '../browser/format';
import type { PageTimes } from './timeline-store';

/** Which step's number stands at a point; the others are marks on the way. */
export const STEP_OF: Record<PointName, number | null> = {
  posted: 1,
  arrived: null,
  stored: 2,
  dispatched: 3,
  heard: null,
  written: 4,
  received: 5,
  painted: null,
  ready: 6,
  answered: null,
};

export interface TimelineStep {
  number: number;
  title: string;
  clock: Clock;
  /** Milliseconds after the timeline began; null when it is not known here. */
  at: number | null;
  /** What happens, and how long its parts took. */
  text: string;
  /** Files and functions where it happens. */
  places: { file: string; name: string }[];
}

export interface About {
  timeline: Timeline;
  page: PageTimes;
  /** The place of the event in the room's log. */
  seq: number;
  /** Who wrote the message; null when it is oneself. */
  otherAuthor: string | null;
}

export function timelineSteps({ timeline, page, seq, otherAuthor }: About): TimelineStep[] {
  const took = (from: PointName, to: PointName): string | null => {
    // On several threads the later step is sometimes noted first: then there is no duration to tell.
    const ms = between(timeline, from, to);
    return ms === null || ms < 0 ? null : duration(ms);
  };
  // Where the clocks had to be moved to make cause come before effect, what lies between them was not measured.
  const travelled = (from: PointName, to: PointName): string | null => {
    const ms = between(timeline, from, to);
    return ms === null || ms < 0.01 ? null : duration(ms);
  };
  const sentence = (...parts: (string | null | false)[]): string => parts.filter(Boolean).join(' ');
  const ifKnown = (time: string | null, words: (time: string) => string): string | null =>
    time === null ? null : words(time);

  const steps: (Omit<TimelineStep, 'number' | 'at' | 'clock'> & { point: PointName; clock: Clock })[] = [
    {
      title: 'Posted',
      point: 'posted',
      clock: 'page',
      text:
        page.postedAt === undefined
          ? `${otherAuthor ?? 'Another page or a script of yours'} sent the POST. This page does not know when.`
          : sentence(
              'This page showed the message as pending and sent the POST.',
              ifKnown(travelled('posted', 'arrived'), (time) => `It took ${time} to the server.`),
            ),
      places: [{ file: 'frontend/src/lib/http/api.ts', name: 'postMessage' }],
    },
    {
      title: 'Stored',
      point: 'stored',
      clock: 'server',
      text: sentence(
        `The message was validated, and committed together with event ${seq} of the room’s log.`,
        ifKnown(took('arrived', 'stored'), (time) => `That took ${time}.`),
      ),
      places: [
        { file: 'src/http/messages/post.rs', name: 'post_message' },
        { file: 'src/store/messages/post_message.rs', name: 'post_message' },
      ],
    },
    {
      title: 'Dispatched',
      point: 'dispatched',
      clock: 'server',
      text: sentence(
        ifKnown(took('stored', 'dispatched'), (time) => `${time} later the event was on the bus.`) ??
          'The event was handed to the bus.',
        'This happens after the commit, and waits for no socket.',
      ),
      places: [{ file: 'src/bus/dispatch.rs', name: 'dispatch' }],
    },
    {
      title: 'Broadcast',
      point: 'written',
      clock: 'server',
      text: sentence(
        ifKnown(took('dispatched', 'heard'), (time) => `The broadcaster picked it up after ${time}.`),
        timeline.sockets === null
          ? 'One frame is made, and written to every socket of the room’s channel.'
          : `One frame was made, and written to ${count(timeline.sockets, 'socket')}`,
        timeline.sockets !== null && (ifKnown(took('heard', 'written'), (time) => `in ${time}.`) ?? '.'),
      ).replace(/ \.$/, '.'),
      places: [
        { file: 'src/broadcast/actor/broadcaster.rs', name: 'broadcast' },
        { file: 'src/broadcast/hub/hub.rs', name: 'handle' },
      ],
    },
    {
      title: 'Received',
      point: 'received',
      clock: 'page',
      text: received(page, departure(timeline), travelled),
      places: [
        { file: 'frontend/src/lib/realtime/realtime.ts', name: 'subscribeRoom' },
        { file: 'frontend/src/lib/rooms/sequence.ts', name: 'receive' },
      ],
    },
    {
      title: 'Answered',
      point: 'ready',
      clock: 'server',
      text: sentence(
        'The POST was answered with 201 as soon as the event was dispatched. Steps 4 and 6 happen at the same time.',
        ifKnown(travelled('ready', 'answered'), (time) => `This page had the answer ${time} later.`),
      ),
      places: [{ file: 'src/http/messages/post.rs', name: 'post_message' }],
    },
  ];
  return steps.map(({ point, ...step }, index) => ({
    ...step,
    number: index + 1,
    at: timeline.points.find((each) => each.name === point)?.at ?? null,
  }));
}

function received(page: PageTimes, since: PointName, time: (from: PointName, to: PointName) => string | null): string {
  if (page.receivedAt === undefined && page.answeredAt !== undefined) {
    return 'This page had no live connection: it knows from the answer to its POST that the message is stored.';
  }
  if (page.receivedAt === undefined)
    return 'This page was not open then, or not in the room: it read the message later.';
  if (page.via === 'log') return 'This page missed the event, and read it from the room’s log after it reconnected.';
  const travelled = time(since, 'received');
  const painted = time('received', 'painted');
  return [
    travelled === null
      ? 'The event came in over the socket.'
      : `The event came in over the socket, ${travelled} after it was ${since === 'heard' ? 'picked up' : 'written'}.`,
    painted === null
      ? 'It was not displayed: the page was in the background.'
      : `It was on the screen ${painted} later.`,
  ].join(' ');
}

// The six steps as the flow view tells them: what happens, how long it took, and where in the code.

import { type Clock, type Journey, type MomentName, between, departure } from './timeline';
import { count, duration } from '../browser/format';
import type { PageSteps } from './timeline-store';

/** Which step's number stands at a moment; the others are marks on the way. */
export const STEP_OF: Record<MomentName, number | null> = {
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

export interface FlowStep {
  number: number;
  title: string;
  clock: Clock;
  /** Milliseconds after the journey began; null when it is not known here. */
  at: number | null;
  /** What happens, and how long its parts took. */
  text: string;
  /** Files and functions where it happens. */
  places: { file: string; name: string }[];
}

export interface About {
  journey: Journey;
  page: PageSteps;
  /** The place of the event in the room's log. */
  seq: number;
  /** Who wrote the message; null when it is oneself. */
  otherAuthor: string | null;
}

export function flowSteps({ journey, page, seq, otherAuthor }: About): FlowStep[] {
  const took = (from: MomentName, to: MomentName): string | null => {
    // On several threads the later step is sometimes noted first: then there is no duration to tell.
    const ms = between(journey, from, to);
    return ms === null || ms < 0 ? null : duration(ms);
  };
  // Where the clocks had to be moved to make cause come before effect, what lies between them was not measured.
  const travelled = (from: MomentName, to: MomentName): string | null => {
    const ms = between(journey, from, to);
    return ms === null || ms < 0.01 ? null : duration(ms);
  };
  const sentence = (...parts: (string | null | false)[]): string => parts.filter(Boolean).join(' ');
  const ifKnown = (time: string | null, words: (time: string) => string): string | null =>
    time === null ? null : words(time);

  const steps: (Omit<FlowStep, 'number' | 'at' | 'clock'> & { moment: MomentName; clock: Clock })[] = [
    {
      title: 'Posted',
      moment: 'posted',
      clock: 'page',
      text:
        page.postedAt === undefined
          ? `${otherAuthor ?? 'Another page or a script of yours'} sent the POST. When it left is not known here.`
          : sentence(
              'This page showed the message as pending and sent the POST.',
              ifKnown(travelled('posted', 'arrived'), (time) => `It took ${time} to the server.`),
            ),
      places: [{ file: 'frontend/src/lib/http/api.ts', name: 'postMessage' }],
    },
    {
      title: 'Stored',
      moment: 'stored',
      clock: 'server',
      text: sentence(
        `The message was checked, and committed together with event ${seq} of the room’s log.`,
        ifKnown(took('arrived', 'stored'), (time) => `That took ${time}.`),
      ),
      places: [
        { file: 'src/http/messages/post.rs', name: 'post_message' },
        { file: 'src/store/messages/post_message.rs', name: 'post_message' },
      ],
    },
    {
      title: 'Dispatched',
      moment: 'dispatched',
      clock: 'server',
      text: sentence(
        ifKnown(took('stored', 'dispatched'), (time) => `${time} later the event was on the bus.`) ??
          'The event was handed to the bus.',
        'After the commit, never inside it; and no socket is waited for.',
      ),
      places: [{ file: 'src/bus/dispatch.rs', name: 'dispatch' }],
    },
    {
      title: 'Broadcast',
      moment: 'written',
      clock: 'server',
      text: sentence(
        ifKnown(took('dispatched', 'heard'), (time) => `The broadcaster took it up after ${time}.`),
        journey.sockets === null
          ? 'One frame is made, and written to every socket of the room’s channel.'
          : `One frame was made, and written to ${count(journey.sockets, 'socket')}`,
        journey.sockets !== null && (ifKnown(took('heard', 'written'), (time) => `in ${time}.`) ?? '.'),
      ).replace(/ \.$/, '.'),
      places: [
        { file: 'src/broadcast/actor/broadcaster.rs', name: 'run' },
        { file: 'src/broadcast/hub/hub.rs', name: 'handle' },
      ],
    },
    {
      title: 'Received',
      moment: 'received',
      clock: 'page',
      text: received(page, departure(journey), travelled),
      places: [
        { file: 'frontend/src/lib/realtime/realtime.ts', name: 'joinRoom' },
        { file: 'frontend/src/lib/rooms/sequence.ts', name: 'receive' },
      ],
    },
    {
      title: 'Answered',
      moment: 'ready',
      clock: 'server',
      text: sentence(
        'The POST was answered with 201 as soon as the event was dispatched: steps 4 and 6 happen side by side.',
        ifKnown(travelled('ready', 'answered'), (time) => `This page had the answer ${time} later.`),
      ),
      places: [{ file: 'src/http/messages/post.rs', name: 'post_message' }],
    },
  ];
  return steps.map(({ moment, ...step }, index) => ({
    ...step,
    number: index + 1,
    at: journey.moments.find((each) => each.name === moment)?.at ?? null,
  }));
}

function received(
  page: PageSteps,
  since: MomentName,
  time: (from: MomentName, to: MomentName) => string | null,
): string {
  if (page.receivedAt === undefined && page.answeredAt !== undefined) {
    return 'This page had no live connection: it knows from the answer to its POST that the message is stored.';
  }
  if (page.receivedAt === undefined)
    return 'This page was not open then, or not in the room: it read the message later.';
  if (page.via === 'log') return 'This page missed the event and read it from the room’s log when it was back.';
  const travelled = time(since, 'received');
  const painted = time('received', 'painted');
  return [
    travelled === null
      ? 'The event came in over the socket.'
      : `The event came in over the socket, ${travelled} after it was ${since === 'heard' ? 'taken up' : 'written'}.`,
    painted === null ? 'It was not painted: nobody was looking.' : `It was on the screen ${painted} later.`,
  ].join(' ');
}

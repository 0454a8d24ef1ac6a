// How long a key stroke takes to another page, what it weighs, and how long a large document takes to open.
// `npm run measure` with HUBBUB_BIN; all pages are in this one process, and so on one clock.

import { afterAll, afterEach, beforeAll, it } from 'vitest';
import * as Y from 'yjs';

import { Server } from '../../tests/support/server.mjs';
import { seeded } from '../src/lib/testing/fake-network';
import { DocumentClient, pause, until } from './document-client';

const LOBBY = 1;
const KEYS = Number(process.env.KEYS ?? 200);
/** Between two key strokes of a quick typist. */
const KEY_MS = 150;

const server = new Server();
let clients: DocumentClient[] = [];

beforeAll(() => server.start());
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(people: number): Promise<number> {
  const persons = [await server.as('ada'), await server.as('grace')] as const;
  const { id } = (await persons[0].call('POST', `/rooms/${LOBBY}/documents`, { title: `For ${people}` })) as {
    id: number;
  };
  for (let index = 0; index < people; index += 1) {
    clients.push(await DocumentClient.open(server, persons[index % 2] ?? persons[0], id));
  }
  await until(
    () => clients.every((client) => client.session.phase === 'open' && client.isJoined),
    30_000,
    () => 'all open',
  );
  await pause(1_000);
  return id;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function quantile(sorted: number[], part: number): string {
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(1)} ms`;
}

for (const people of [2, 20]) {
  it(`a key stroke with ${people} people`, async () => {
    await open(people);
    const [typist, ...others] = clients as [DocumentClient, ...DocumentClient[]];
    const took: number[] = [];
    let pressedAt = 0;
    for (const other of others) {
      other.session.text.observe((event) => {
        if (!event.transaction.local) took.push(performance.now() - pressedAt);
      });
    }
    // The cursor stays at the end of the text: its position in Yjs's terms does not change while one types there.
    typist.session.cursors.awareness.setLocalStateField('cursor', {
      head: Y.createRelativePositionFromTypeIndex(typist.session.text, 0),
    });
    await pause(1_000);
    const before = [typist.sentBytes, typist.savedBytes];
    for (let key = 0; key < KEYS; key += 1) {
      pressedAt = performance.now();
      typist.session.text.insert(typist.session.text.length, 'abcdefgh '[key % 9] ?? 'x');
      await pause(KEY_MS);
    }
    await until(
      () => others.every((other) => other.text === typist.text),
      10_000,
      () => 'the same text',
    );
    took.sort((a, b) => a - b);
    const sent = ((typist.sentBytes - (before[0] ?? 0)) / KEYS).toFixed(0);
    const saved = ((typist.savedBytes - (before[1] ?? 0)) / KEYS).toFixed(0);
    say(
      `${people} people, ${KEYS} keys ${KEY_MS} ms apart: p50 ${quantile(took, 0.5)}, p99 ${quantile(took, 0.99)}, ` +
        `max ${quantile(took, 1)} (${took.length} arrivals); ${sent} bytes a key over the socket, ${saved} by HTTP`,
    );
  }, 300_000);
}

it('opening a document of 100 kB with 10,000 edits', async () => {
  const id = await open(1);
  const [writer] = clients as [DocumentClient];
  const random = seeded(7);
  const { doc, text } = writer.session;
  doc.transact(() => text.insert(0, 'The quick brown fox jumps over the lazy dog. '.repeat(2_223)));
  for (let edit = 0; edit < 10_000; edit += 1) {
    const at = Math.floor(random() * (text.length - 3));
    if (edit % 2 === 0) text.insert(at, 'ab');
    else text.delete(at, 2);
  }
  await until(
    () => writer.session.saveState === 'saved',
    60_000,
    () => writer.session.saveState,
  );
  const bytes = Y.encodeStateAsUpdate(doc).length;
  const took: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    const started = performance.now();
    const reader = await DocumentClient.open(server, await server.as('grace'), id);
    const opening = performance.now();
    await until(
      () => reader.session.phase === 'open',
      10_000,
      () => reader.session.phase,
    );
    took.push(performance.now() - opening);
    if (reader.text.length !== text.length)
      throw new Error(`read ${reader.text.length} of ${text.length} after ${started}`);
    clients.push(reader);
  }
  took.sort((a, b) => a - b);
  say(
    `opening ${text.length} characters after 10,000 edits (${bytes} bytes of Yjs): median ${quantile(took, 0.5)} (looked every 25 ms)`,
  );
}, 300_000);

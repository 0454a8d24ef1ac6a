// The page's code for documents and the real server, with cables pulled and the server restarted while everybody types.

import { afterAll, beforeAll, expect, it } from 'vitest';

import { Server } from '../../tests/support/server.mjs';
import { seeded } from '../src/lib/document/fake-network';
import { DocumentClient, pause, stored, until } from './document-client';

/** The demo's first room. */
const LOBBY = 1;
const CLIENTS = 5;
/** More for a long run. */
const STEPS = Number(process.env.HUBBUB_TEST_ROUNDS ?? 200);

const server = new Server();
let clients: DocumentClient[] = [];

beforeAll(() => server.start());
afterAll(async () => {
  for (const client of clients) client.close();
  await server[Symbol.asyncDispose]();
});

it('all clients converge through the real server, and nothing that was typed is lost', async () => {
  const people = [await server.as('ada'), await server.as('grace')] as const;
  const { id } = (await people[0].call('POST', `/rooms/${LOBBY}/documents`, { title: 'Torture' })) as { id: number };
  clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => DocumentClient.open(server, people[index % 2] ?? people[0], id)),
  );
  await until(
    () => clients.every((client) => client.session.phase === 'open' && client.isJoined),
    20_000,
    () => 'all open',
  );

  const random = seeded(Date.now());
  let next = 0x4e00;
  const typed = new Set<string>();
  const deleted = new Set<string>();
  const restarts = [Math.floor(STEPS / 3), Math.floor((2 * STEPS) / 3)];
  let restarting: Promise<unknown> = Promise.resolve();
  for (let step = 0; step < STEPS; step += 1) {
    await pause(random() * 60);
    if (restarts.includes(step)) restarting = server.stop().then(() => server.start());
    const client = clients[Math.floor(random() * CLIENTS)] as DocumentClient;
    const { text } = client.session;
    const chance = random();
    if (client.isOffline ? chance < 0.2 : chance < 0.05) {
      if (client.isOffline) client.plug();
      else client.pull();
    } else if (chance < 0.3 && text.length > 0) {
      const at = Math.floor(random() * text.length);
      deleted.add(client.text.slice(at, at + 1));
      text.delete(at, 1);
    } else {
      const character = String.fromCharCode(next++);
      typed.add(character);
      text.insert(Math.floor(random() * (text.length + 1)), character);
    }
  }
  await restarting;
  for (const client of clients) {
    if (client.isOffline) client.plug();
    else client.tryNow();
  }

  const state = (): string =>
    clients.map(({ text, isJoined, session }) => `${text.length} ${isJoined} ${session.saveState}`).join(', ');
  const isSettled = async (): Promise<boolean> => {
    const text = clients[0]?.text;
    if (!clients.every((client) => client.text === text && client.session.saveState === 'saved')) return false;
    return (await stored(people[0], id)) === text;
  };
  await until(isSettled, 60_000, state);
  const left = [...typed].filter((character) => !deleted.has(character)).sort();
  expect([...(clients[0]?.text ?? '')].sort()).toEqual(left);
}, 150_000);

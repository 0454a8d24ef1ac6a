// The examples do what they say.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import PusherClient from 'pusher-js';

import { follow, render, settingsFrom } from '../../examples/scoreboard/scoreboard.mjs';
import { APP, BINARY, heard, inTime, serverOptions, startHubbub, until } from './server.mjs';

const run = promisify(execFile);
const example = (name) => new URL(`../../examples/${name}`, import.meta.url).pathname;
const clients = [];
let hubbub, env;

before(async () => {
  hubbub = await startHubbub();
  const authority = `${APP.key}:${APP.secret}@127.0.0.1:${hubbub.port}/apps/${APP.id}`;
  env = { ...process.env, HUBBUB_SERVER: `pusher://${authority}`, HUBBUB_URL: `http://${authority}` };
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await hubbub.stop();
});

test('a late visitor of the scoreboard sees the score at once, and then each goal', async () => {
  const page = { match: {}, score: {}, state: {} };
  const document = { getElementById: (id) => page[id] };
  const score = (...goals) => JSON.stringify({ home: 'Ada', away: 'Grace', goals });
  await run(BINARY, ['trigger', 'cache-score', 'scored', score(1, 0)], { env });
  const settings = settingsFrom(`?key=${APP.key}&port=${hubbub.port}`);
  clients.push(follow(PusherClient, settings, (seen) => render(document, seen)));
  await until(() => page.score.textContent === '1 : 0', 'the score');
  assert.equal(page.match.textContent, 'Ada – Grace');
  await until(() => page.state.textContent === 'live', 'the connection');
  const { stdout } = await run(example('scoreboard/publish.sh'), [score(1, 1)], { env });
  assert.equal(stdout, '{}\n');
  await until(() => page.score.textContent === '1 : 1', 'the goal');
});

test('the Node application lets its users in and publishes', async () => {
  // Beside the SDK, which it imports by name.
  const directory = await mkdtemp(new URL('node_modules/.example-', import.meta.url).pathname);
  const copy = join(directory, 'node.mjs');
  await copyFile(example('node.mjs'), copy);
  const child = spawn(process.execPath, [copy], { env: { ...env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await inTime(once(createInterface({ input: child.stdout }), 'line'), 'the application');
    const url = line.match(/http:\S+/)[0];
    const headers = { 'X-User': 'ada' };
    const client = new PusherClient(APP.key, {
      ...serverOptions(hubbub.port),
      channelAuthorization: { endpoint: `${url}/pusher/auth`, transport: 'ajax', headers },
      userAuthentication: { endpoint: `${url}/pusher/user-auth`, transport: 'ajax', headers },
    });
    clients.push(client);
    const channel = client.subscribe('private-orders');
    await heard(channel, 'pusher:subscription_succeeded');
    const placed = heard(channel, 'order-placed');
    await fetch(`${url}/orders`, { method: 'POST', body: '{"order":7}' });
    assert.deepEqual((await placed).data, { order: 7 });
    client.signin();
    await until(() => client.user.user_data?.id === 'ada', 'the sign-in');
  } finally {
    child.kill();
    await rm(directory, { recursive: true });
  }
});

test('the Python application publishes', async () => {
  const python = process.env.HUBBUB_PYTHON ?? 'venv/bin/python';
  const { stdout } = await run(python, [example('python.py'), 'cache-python', 'scored', '{"home": 1}'], { env });
  assert.deepEqual(JSON.parse(JSON.parse(stdout).cache.data), { home: 1 });
});

// A planned restart, as pusher-js sees it: alone, and with two nodes behind Caddy.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import Pusher from 'pusher-js';

import { Server } from '../support/server.mjs';

const CLIENTS = 100;
// A client whose attempt is refused waits 15 s. What is below is printed, and depends on how busy the machine is.
const AWAY_AT_MOST_MS = 8_000;
const APP = { HUBBUB_APP_ID: '7', HUBBUB_APP_KEY: 'restart-key', HUBBUB_APP_SECRET: 'restart-secret' };

/** pusher-js, and how long it was away each time.  @param {number} port */
async function connect(port) {
  const pusher = new Pusher(APP.HUBBUB_APP_KEY, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    enableStats: false,
  });
  /** @type {number[]} */
  const aways = [];
  const client = { pusher, aways, left: 0 };
  // The error is the close code; the state changes only when the next attempt begins.
  pusher.connection.bind('error', () => (client.left ||= performance.now()));
  pusher.connection.bind('connected', () => {
    if (client.left > 0) aways.push(performance.now() - client.left);
    client.left = 0;
  });
  await new Promise((resolve) => pusher.connection.bind('connected', () => resolve(undefined)));
  return client;
}

/** @param {number} port */
const connectAll = (port) => Promise.all(Array.from({ length: CLIENTS }, () => connect(port)));

/**
 * Waits until all clients are connected.
 * @param {Awaited<ReturnType<typeof connectAll>>} clients
 */
async function untilConnected(clients) {
  const deadline = performance.now() + 30_000;
  // What was sent before the end of the process may not have been read yet.
  await sleep(50);
  while (clients.some(({ left }) => left > 0)) {
    assert.ok(performance.now() < deadline, 'some did not come back within 30 s');
    await sleep(10);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

test(`${CLIENTS} clients are back soon after a planned restart`, async () => {
  const server = new Server({ isDemo: false, environment: APP });
  await server.start();
  const clients = await connectAll(Number(new URL(server.url).port));
  try {
    const began = performance.now();
    await server.stop();
    const stopped = performance.now() - began;
    await server.start();
    await untilConnected(clients);
    const aways = clients.flatMap((client) => client.aways);
    const slowest = Math.max(...aways);
    console.log(
      `stopped in ${stopped.toFixed()} ms; the slowest of ${aways.length} was away for ${slowest.toFixed()} ms`,
    );
    assert.equal(aways.length, CLIENTS);
    assert.ok(slowest <= AWAY_AT_MOST_MS, `${slowest} ms`);
  } finally {
    clients.forEach(({ pusher }) => pusher.disconnect());
    await server[Symbol.asyncDispose]();
  }
});

test('two nodes behind Caddy, restarted one after the other: nobody is away for long', async (t) => {
  for (const program of ['caddy', 'nats-server']) {
    if (spawnSync('which', [program]).status !== 0) return t.skip(`${program} is not installed`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'hubbub-restart-'));
  const [natsPort, caddyPort] = [await freePort(), await freePort()];
  const nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(natsPort)], { stdio: 'ignore' });
  await sleep(500);
  const environment = { ...APP, HUBBUB_ROLE: 'ws', HUBBUB_BUS: `nats://127.0.0.1:${natsPort}` };
  const nodes = [new Server({ isDemo: false, environment }), new Server({ isDemo: false, environment })];
  await Promise.all(nodes.map((node) => node.start()));
  const upstreams = nodes.map((node) => new URL(node.url).host).join(' ');
  // The file that is shipped, at other addresses.
  const shipped = await readFile(new URL('../../docs/deploy/Caddyfile', import.meta.url), 'utf8');
  const caddyfile = shipped
    .replaceAll('chat.example.org', `http://127.0.0.1:${caddyPort}`)
    .replaceAll('reverse_proxy 127.0.0.1:8080', `reverse_proxy ${upstreams}`);
  await writeFile(join(directory, 'Caddyfile'), `{\n\tadmin off\n}\n${caddyfile}`);
  const caddy = spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', join(directory, 'Caddyfile')], {
    env: { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
    stdio: 'ignore',
  });
  /** @type {Awaited<ReturnType<typeof connectAll>>} */
  let clients = [];
  try {
    const deadline = performance.now() + 30_000;
    while (!(await fetch(`http://127.0.0.1:${caddyPort}/health/live`).catch(() => null))?.ok) {
      assert.ok(performance.now() < deadline, 'Caddy does not answer');
      await sleep(50);
    }
    clients = await connectAll(caddyPort);
    for (const node of nodes) {
      await node.stop();
      await node.start();
      await untilConnected(clients);
      // Caddy looks every two seconds who is there again.
      await sleep(3_000);
    }
    const aways = clients.flatMap((client) => client.aways);
    const slowest = Math.max(...aways);
    console.log(`${aways.length} times away, the longest ${slowest.toFixed()} ms`);
    assert.ok(aways.length >= CLIENTS);
    assert.ok(slowest <= AWAY_AT_MOST_MS, `${slowest} ms`);
  } finally {
    clients.forEach(({ pusher }) => pusher.disconnect());
    caddy.kill();
    nats.kill();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await rm(directory, { recursive: true, force: true });
  }
});

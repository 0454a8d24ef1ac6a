// The shipped nginx.conf and Caddyfile in the real programs, in front of a web node and two nodes with sockets on NATS. Only
// addresses, the name and the certificate are changed in them.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import Pusher from 'pusher-js';

import { Server } from '../support/server.mjs';
import { Programs, freePort, replaceAll, shipped } from './programs.mjs';

// The certificate signed itself; it is not what is tested here.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');

const PASSWORD = 'correct horse battery staple';
const SECRET = 'the secret of the app, of 32 characters or more';
const SIGN_INS_PER_MINUTE = 10;
const CLIENTS = 6;
/** Long enough for a busy machine; nothing waits this long when all is well. */
const DEADLINE_MS = 15_000;

/**
 * @typedef {{ status: number, headers: import('node:http').IncomingHttpHeaders, rawHeaders: string[], text: string, json: any }} Answer
 * @typedef {{ body?: unknown, token?: string, headers?: Record<string, string>, from?: string }} Options
 */

class Cluster {
  /** @type {Programs} */
  programs = new Programs();
  web = new Server({ isDemo: false });
  /** @type {Server[]} */
  nodes = [];
  port = 0;
  token = '';
  room = 0;

  /** @param {(programs: Programs, port: number, web: string, nodes: string[]) => Promise<void>} startProxy */
  async start(startProxy) {
    try {
      await this.#start(startProxy);
    } catch (error) {
      // Or its programs would run on, and the test with them.
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @param {(programs: Programs, port: number, web: string, nodes: string[]) => Promise<void>} startProxy */
  async #start(startProxy) {
    await this.programs.open();
    const nats = await this.programs.nats(await shipped('nats.conf'), { NATS_PASSWORD: 'a-password' });
    this.port = await freePort();
    const environment = {
      HUBBUB_BUS: `nats://hubbub:a-password@127.0.0.1:${nats}`,
      HUBBUB_APP_ID: '1',
      HUBBUB_APP_KEY: 'chat',
      HUBBUB_APP_SECRET: SECRET,
      HUBBUB_TRUST_PROXY: 'true',
      HUBBUB_METRICS_TOKEN: 'the token of the metrics',
    };
    this.nodes = [1, 2].map(() => new Server({ isDemo: false, environment: { ...environment, HUBBUB_ROLE: 'ws' } }));
    // The administrator is made before the server can be reached from elsewhere.
    this.web.setEnvironment({ HUBBUB_SIGN_UP: 'open' });
    await this.web.start();
    const ada = await this.web.request('POST', '/api/v1/users', { body: { username: 'ada', password: PASSWORD } });
    await this.web.stop();
    this.web.setEnvironment({
      ...environment,
      HUBBUB_ROLE: 'web',
      HUBBUB_PUBLIC_URL: `https://localhost:${this.port}`,
      HUBBUB_SIGN_INS_PER_MINUTE: String(SIGN_INS_PER_MINUTE),
    });
    await Promise.all([this.web, ...this.nodes].map((server) => server.start()));
    this.token = ada.access_token;
    await startProxy(
      this.programs,
      this.port,
      this.web.host,
      this.nodes.map((node) => node.host),
    );
    this.room = (await this.call('POST', '/api/v1/rooms', { body: { name: 'Lobby', kind: 'open' } }, 201)).json.id;
  }

  /** Asks through the proxy.  @param {string} method @param {string} path @param {Options} [options] @returns {Promise<Answer>} */
  ask(method, path, { body, token, headers = {}, from } = {}) {
    const isRaw = Buffer.isBuffer(body);
    const content = body === undefined || isRaw ? body : JSON.stringify(body);
    const all = {
      ...(content !== undefined && { 'Content-Type': isRaw ? 'application/octet-stream' : 'application/json' }),
      ...(content !== undefined && { 'Content-Length': String(Buffer.byteLength(content)) }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    };
    const options = { host: '127.0.0.1', port: this.port, method, path, headers: all, servername: 'localhost' };
    const address = { Host: `localhost:${this.port}`, ...all };
    return new Promise((resolve, reject) => {
      const asked = request({
        ...options,
        headers: address,
        ...(from && { localAddress: from }),
        timeout: DEADLINE_MS,
      });
      asked.once('error', reject);
      asked.once('timeout', () => asked.destroy(new Error(`${method} ${path} was not answered`)));
      asked.once('response', async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('latin1')) text += chunk;
        let json = null;
        if (/json/.test(response.headers['content-type'] ?? '')) json = JSON.parse(text);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          text,
          json,
        });
      });
      asked.end(content);
    });
  }

  /** Asks as Ada.  @param {string} method @param {string} path @param {Options} options @param {number} expected */
  async call(method, path, options, expected) {
    const answer = await this.ask(method, path, { token: this.token, ...options });
    assert.equal(answer.status, expected, answer.text.slice(0, 500));
    return answer;
  }

  /** @param {string} body */
  async post(body) {
    await this.call('POST', `/api/v1/rooms/${this.room}/messages`, { body: { body } }, 201);
  }

  /** Tries a password that is wrong.  @param {string} username @param {Options} [options] */
  guess(username, options) {
    return this.ask('POST', '/api/v1/session', { body: { username, password: 'this is wrong' }, ...options });
  }

  connect() {
    return new Pusher('chat', {
      cluster: '',
      wsHost: 'localhost',
      wsPort: this.port,
      wssPort: this.port,
      forceTLS: true,
      enabledTransports: ['ws'],
      enableStats: false,
      channelAuthorization: {
        endpoint: `https://localhost:${this.port}/broadcasting/auth`,
        transport: 'ajax',
        headersProvider: () => ({ Authorization: `Bearer ${this.token}` }),
      },
    });
  }

  async [Symbol.asyncDispose]() {
    await Promise.all([this.web, ...this.nodes].map((server) => server[Symbol.asyncDispose]()));
    await this.programs[Symbol.asyncDispose]();
  }
}

/** A client in the room, and what it has heard.  @param {Cluster} cluster */
function listener(cluster) {
  const pusher = cluster.connect();
  /** @type {Set<string>} */
  const heard = new Set();
  const channel = pusher.subscribe(`private-room.${cluster.room}`);
  channel.bind('message.posted', (/** @type {any} */ event) => heard.add(event.message.body));
  return { pusher, channel, heard };
}

/** @param {() => boolean} isTrue @param {string} what @param {number} [within] */
async function until(isTrue, what, within = DEADLINE_MS) {
  const deadline = Date.now() + within;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await sleep(20);
  }
}

/** Posts until every listener has heard a post: sockets may still be on their way back.
 * @param {Cluster} cluster @param {ReturnType<typeof listener>[]} listeners @param {string} name */
async function untilAllHear(cluster, listeners, name) {
  const deadline = Date.now() + DEADLINE_MS;
  for (let number = 1; ; number += 1) {
    const body = `${name} ${number}`;
    await cluster.post(body);
    await sleep(200);
    if (listeners.every(({ heard }) => heard.has(body))) return;
    assert.ok(Date.now() < deadline, `nobody is missing: ${listeners.map(({ heard }) => heard.size)}`);
  }
}

/** How many sockets a node has.  @param {Server} node */
async function sockets(node) {
  const answer = await fetch(`${node.url}/metrics`, { headers: { Authorization: 'Bearer the token of the metrics' } });
  return Number(/^hubbub_sockets (\d+)$/m.exec(await answer.text())?.[1] ?? Number.NaN);
}

/** nginx with the shipped file.  @type {Parameters<Cluster['start']>[0]} */
async function startNginx(programs, port, web, nodes) {
  const { key, certificate } = await programs.certificate();
  const site = replaceAll(await shipped('nginx.conf'), [
    ['    server 127.0.0.1:8080;\n', `    server ${web};\n`],
    [
      '    server 127.0.0.1:8080 max_fails=1 fail_timeout=2s;\n',
      nodes.map((node) => `    server ${node} max_fails=1 fail_timeout=2s;\n`).join(''),
    ],
    ['listen 80;', `listen 127.0.0.1:${await freePort()};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['server_name chat.example.org;', 'server_name localhost;'],
    ['/etc/letsencrypt/live/chat.example.org/fullchain.pem', certificate],
    ['/etc/letsencrypt/live/chat.example.org/privkey.pem', key],
  ]);
  await programs.write('site.conf', site);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const temporary = kinds.map((kind) => `${kind}_temp_path ${programs.directory}/${kind};`).join(' ');
  const main = `daemon off; master_process off; pid ${programs.directory}/nginx.pid; error_log stderr;
    events { } http { access_log off; ${temporary} include ${programs.directory}/site.conf; }`;
  const path = await programs.write('nginx.conf', main);
  await programs.start('nginx', ['-c', path, '-p', programs.directory, '-e', 'stderr'], port);
}

/** Caddy with the shipped file.  @type {Parameters<Cluster['start']>[0]} */
async function startCaddy(programs, port, web, nodes) {
  const { key, certificate } = await programs.certificate();
  const site = replaceAll(await shipped('Caddyfile'), [
    ['reverse_proxy 127.0.0.1:8080 {\n\t\t\tlb_policy', `reverse_proxy ${nodes.join(' ')} {\n\t\t\tlb_policy`],
    ['reverse_proxy 127.0.0.1:8080 {\n\t\t\tlb_try', `reverse_proxy ${web} {\n\t\t\tlb_try`],
    ['\nchat.example.org {\n', `\nhttps://localhost:${port} {\n\ttls ${certificate} ${key}\n\tbind 127.0.0.1\n`],
  ]);
  const options = '{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n';
  const path = await programs.write('Caddyfile', options + site);
  await programs.start('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], port);
}

const proxies = /** @type {const} */ ([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
]);

for (const [name, startProxy] of proxies) {
  describe(name, () => {
    const cluster = new Cluster();
    before(() => cluster.start(startProxy));
    after(() => cluster[Symbol.asyncDispose]());

    it('passes the host and the scheme on, whatever the caller claims they are', async () => {
      const headers = {
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'http',
        Forwarded: 'host=evil.example;proto=http',
      };
      const page = await cluster.ask('GET', '/', { headers });
      assert.equal(page.status, 200);
      const policies = page.rawHeaders.filter((name) => name.toLowerCase() === 'content-security-policy');
      assert.equal(policies.length, 1);
      const policy = String(page.headers['content-security-policy']);
      assert.match(policy, new RegExp(`connect-src 'self'[^;]* wss://localhost:${cluster.port}[ ;]`));
      assert.doesNotMatch(policy, /evil|unsafe/);
      const invite = await cluster.call('POST', '/api/v1/invites', { body: {}, headers }, 201);
      assert.ok(invite.json.url.startsWith(`https://localhost:${cluster.port}/`), invite.json.url);
    });

    it('lets a person sign in, and keeps the session in a cookie for https alone', async () => {
      const signedIn = await cluster.ask('POST', '/api/v1/session', { body: { username: 'ada', password: PASSWORD } });
      assert.equal(signedIn.status, 200, signedIn.text);
      const [cookie = ''] = signedIn.headers['set-cookie'] ?? [];
      assert.match(cookie, /; Secure/);
      const headers = { Cookie: cookie.split(';')[0] ?? '', Origin: `https://localhost:${cluster.port}` };
      const refreshed = await cluster.ask('POST', '/api/v1/session/refresh', { headers });
      assert.equal(refreshed.status, 200, refreshed.text);
    });

    it('tells the address of the caller, who cannot invent one to guess on', async () => {
      const statuses = [];
      for (let number = 0; number < SIGN_INS_PER_MINUTE + 15; number += 1) {
        const headers = {
          'X-Forwarded-For': `198.51.100.${number}`,
          Forwarded: `for=198.51.100.${number}`,
          'X-Real-IP': '192.0.2.1',
        };
        statuses.push((await cluster.guess(`nobody${number}`, { headers, from: '127.0.0.2' })).status);
      }
      const guesses = statuses.filter((status) => status === 401).length;
      assert.ok(
        guesses <= SIGN_INS_PER_MINUTE + 2 && guesses >= 5,
        `${guesses} of ${statuses.length} were answered: ${statuses}`,
      );
      assert.equal(statuses.at(-1), 429);
      assert.equal((await cluster.guess('somebody', { from: '127.0.0.3' })).status, 401);
    });

    it('passes events on when they happen', async () => {
      const heard = streamed(cluster);
      await heard.opened;
      const posted = Date.now();
      await cluster.post('over the stream');
      await until(() => heard.text().includes('over the stream'), 'the event', 5_000);
      assert.ok(Date.now() - posted < 10_000, `after ${Date.now() - posted} ms`);
      heard.close();
    });

    it('takes a file as large as Hubbub takes, and lets Hubbub refuse a larger one', async () => {
      const content = randomBytes(24 * 1024 * 1024);
      const path = `/api/v1/rooms/${cluster.room}/files?name=large.bin`;
      const uploaded = await cluster.call('POST', path, { body: content }, 201);
      const read = await cluster.call('GET', `/api/v1/files/${uploaded.json.id}`, {}, 200);
      const digest = (/** @type {Buffer} */ bytes) => createHash('sha256').update(bytes).digest('hex');
      assert.equal(digest(Buffer.from(read.text, 'latin1')), digest(content));
      const refused = await cluster.ask('POST', path, {
        token: cluster.token,
        body: randomBytes(25 * 1024 * 1024 + 1),
      });
      assert.deepEqual([refused.status, refused.json?.code], [413, 'file_too_large']);
    });

    it('keeps clients of pusher-js, spread over both nodes, when one is killed and when each is restarted', async () => {
      const listeners = Array.from({ length: CLIENTS }, () => listener(cluster));
      try {
        await until(() => listeners.every(({ channel }) => channel.subscribed), 'all are subscribed');
        await untilAllHear(cluster, listeners, 'at first');
        for (const node of cluster.nodes) assert.ok((await sockets(node)) >= 1, 'each node has some of them');

        await cluster.nodes[0]?.kill();
        await untilAllHear(cluster, listeners, 'after a node was killed');
        await cluster.nodes[0]?.start();
        await untilAllHear(cluster, listeners, 'after it came back');

        let isRestarting = true;
        const slowest = publishWhile(cluster, () => isRestarting);
        for (const node of cluster.nodes) {
          await node.stop();
          await node.start();
          // nginx and Caddy send nothing to a node that failed for two seconds (fail_timeout, fail_duration).
          await sleep(2_500);
        }
        isRestarting = false;
        assert.ok((await slowest) < 10_000, `a publisher waited ${await slowest} ms`);
        await untilAllHear(cluster, listeners, 'after each was restarted');
        assert.deepEqual(
          listeners.map(({ pusher }) => pusher.connection.state),
          listeners.map(() => 'connected'),
        );
      } finally {
        for (const { pusher } of listeners) pusher.disconnect();
      }
    });
  });
}

/** Asks the HTTP API of the nodes as long as `isOn`: each is answered; how long the slowest took.
 * @param {Cluster} cluster @param {() => boolean} isOn */
async function publishWhile(cluster, isOn) {
  let slowest = 0;
  while (isOn()) {
    const started = Date.now();
    const answer = await cluster.ask('GET', '/apps/1/channels');
    // Unsigned, and so refused by Hubbub itself.
    assert.equal(answer.status, 401, answer.text);
    slowest = Math.max(slowest, Date.now() - started);
    await sleep(25);
  }
  return slowest;
}

/** The event stream as it comes.  @param {Cluster} cluster */
function streamed(cluster) {
  let text = '';
  const headers = { Authorization: `Bearer ${cluster.token}`, Host: `localhost:${cluster.port}` };
  const asked = request({
    host: '127.0.0.1',
    port: cluster.port,
    path: '/api/v1/events',
    headers,
    servername: 'localhost',
  });
  const opened = new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('response', (response) => {
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('error', () => undefined);
      resolve(response.statusCode);
    });
  });
  asked.end();
  return { opened, text: () => text, close: () => asked.destroy() };
}

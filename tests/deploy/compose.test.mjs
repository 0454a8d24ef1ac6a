// What docs/deploy/compose.yaml says, done without containers: its commands, files and settings, with the names of its network
// replaced by addresses.

import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import Pusher from 'pusher-js';
import { parse } from 'yaml';

import { Server } from '../support/server.mjs';
import { Programs, freePort, replaceAll, run, shipped } from './programs.mjs';

const VARIABLES = {
  APP_KEY: 'chat',
  APP_SECRET: 'a'.repeat(64),
  DATABASE_PASSWORD: 'b1',
  POSTGRES_PASSWORD: 'c2',
  NATS_PASSWORD: 'd3',
};
const PASSWORD = 'correct horse battery staple';
const DATABASE = process.env.HUBBUB_TEST_POSTGRES_URL;

/** As compose replaces variables. One that is not set must stop it.  @param {string} text */
function interpolate(text) {
  return text.replaceAll(/\$(?:\$|\{(\w+)([^}]*)\})/g, (all, name, rest) => {
    if (all === '$$') return '$';
    assert.ok(rest.startsWith(':?'), `${all} has a value that nobody chose`);
    const value = VARIABLES[/** @type {keyof typeof VARIABLES} */ (name)];
    assert.ok(value, `${name} is not among the variables that the file's comment sets`);
    return value;
  });
}

/** @param {unknown} value @returns {any} */
function interpolated(value) {
  if (typeof value === 'string') return interpolate(value);
  if (Array.isArray(value)) return value.map(interpolated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, interpolated(child)]));
}

const text = await shipped('compose.yaml');
const compose = interpolated(parse(text, { merge: true }));

it('sets every variable in its comment', () => {
  const set = [...text.matchAll(/^#.*$/gm)].flatMap(([line]) => [...line.matchAll(/(\w+)=/g)].map((match) => match[1]));
  assert.deepEqual(set.sort(), Object.keys(VARIABLES).sort());
});

it('publishes the proxy alone, to this machine', () => {
  for (const [name, service] of Object.entries(compose.services)) {
    assert.deepEqual(service.ports ?? [], name === 'proxy' ? ['127.0.0.1:8080:8080'] : []);
  }
});

it('builds from a Dockerfile that is there', async () => {
  const { context, dockerfile } = compose.services.web.build;
  const directory = new URL('../../docs/deploy/', import.meta.url);
  await access(new URL(`${context}/${dockerfile}`, directory));
});

it('refers to its own configs and volumes', () => {
  for (const service of Object.values(compose.services)) {
    for (const { source } of service.configs ?? []) assert.ok(source in compose.configs, source);
    for (const volume of service.volumes ?? []) assert.ok(volume.split(':')[0] in compose.volumes, volume);
    const needed = service.depends_on ?? [];
    for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) assert.ok(name in compose.services, name);
  }
});

const skip = DATABASE === undefined && 'HUBBUB_TEST_POSTGRES_URL names no server: run tests/postgres.sh';
if (skip && process.env.HUBBUB_TEST_REQUIRE_POSTGRES) throw new Error(skip);

describe('compose by hand', { skip }, () => {
  const programs = new Programs();
  /** @type {Server[]} */
  const servers = [];
  /** Its own name on a server that others may use too. */
  const role = `compose_${process.pid}`;
  /** @type {(sql: string) => Promise<string>} */
  let query;
  let url = '';
  let port = 0;

  before(async () => {
    await programs.open();
    const server = new URL(DATABASE ?? '');
    const login = {
      PGHOST: server.hostname,
      PGPORT: server.port || '5432',
      PGPASSWORD: decodeURIComponent(server.password),
    };
    const superuser = decodeURIComponent(server.username);
    const environment = { ...login, PATH: process.env.PATH ?? '' };
    query = async (sql) => {
      const flags = ['--no-psqlrc', '--tuples-only', '--no-align', '--username', superuser, '--dbname', 'postgres'];
      return (await run('psql', [...flags, '--command', sql], { env: environment })).stdout.trim();
    };
    // The image runs the script as its superuser, when the volume is empty.
    const script = replaceAll(compose.configs.database.content, [
      ['ROLE hubbub ', `ROLE ${role} `],
      ['DATABASE hubbub ', `DATABASE ${role} `],
      ['OWNER hubbub;', `OWNER ${role};`],
    ]);
    const { HUBBUB_PASSWORD } = compose.services.postgres.environment;
    await run('bash', ['-e', '-c', script], { env: { ...environment, POSTGRES_USER: superuser, HUBBUB_PASSWORD } });

    const nats = await programs.nats(compose.configs.nats.content.replace('0.0.0.0', '127.0.0.1'), {});
    port = await freePort();
    url = `http://localhost:${port}`;
    const database = `postgres://${role}:${VARIABLES.DATABASE_PASSWORD}@${server.host}/${role}`;
    /** @param {Record<string, string>} environment @param {[string, string][]} more */
    const settings = (environment, more) => {
      const changes = [/** @type {[string, string]} */ (['@nats:4222', `@127.0.0.1:${nats}`]), ...more];
      const changed = replaceAll(JSON.stringify(environment), changes);
      return JSON.parse(changed);
    };
    const web = settings(compose.services.web.environment, [
      [`postgres://hubbub:${VARIABLES.DATABASE_PASSWORD}@postgres/hubbub`, database],
      ['http://localhost:8080', url],
    ]);
    const ws = settings(compose.services.ws.environment, []);
    servers.push(new Server({ isDemo: false, environment: web }));
    for (let number = 0; number < compose.services.ws.deploy.replicas; number += 1) {
      servers.push(new Server({ isDemo: false, environment: ws }));
    }
    await Promise.all(servers.map((server) => server.start()));

    const [application, ...sockets] = servers.map((server) => server.host);
    const site = replaceAll(compose.configs.caddy.content, [
      [':8080 {\n  @', `:${port} {\n  bind 127.0.0.1\n  @`],
      ['dynamic a ws 8080', `to ${sockets.join(' ')}`],
      ['web:8080', String(application)],
    ]);
    const path = await programs.write('Caddyfile', `{\n  admin off\n}\n${site}`);
    await programs.start('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], port);
  });

  after(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await programs[Symbol.asyncDispose]();
    await query(`DROP DATABASE IF EXISTS ${role}`);
    await query(`DROP ROLE IF EXISTS ${role}`);
  });

  it('gives Hubbub a role that may do nothing but use its database', async () => {
    const rights = await query(
      `SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = '${role}'`,
    );
    assert.equal(rights, 'f|f|f|f|f');
    const owned = await query(`SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '${role}'`);
    assert.equal(owned, role);
  });

  it('lets the first person in, whose message a client hears', async () => {
    /** @param {string} path @param {unknown} body @param {string} [token] */
    const post = async (path, body, token) => {
      const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      const json = await answer.json();
      assert.equal(answer.status, 201, JSON.stringify(json));
      return json;
    };
    const ada = await post('/api/v1/users', { username: 'ada', password: PASSWORD });
    const token = ada.access_token;
    const room = await post('/api/v1/rooms', { name: 'Lobby', kind: 'open' }, token);
    const pusher = new Pusher(VARIABLES.APP_KEY, {
      cluster: '',
      wsHost: 'localhost',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      enableStats: false,
      channelAuthorization: {
        endpoint: `${url}/broadcasting/auth`,
        transport: 'ajax',
        headersProvider: () => ({ Authorization: `Bearer ${token}` }),
      },
    });
    try {
      const channel = pusher.subscribe(`private-room.${room.id}`);
      await new Promise((resolve, reject) => {
        channel.bind('pusher:subscription_succeeded', resolve);
        channel.bind('pusher:subscription_error', reject);
      });
      const heard = new Promise((resolve) => channel.bind('message.posted', resolve));
      await post(`/api/v1/rooms/${room.id}/messages`, { body: 'over NATS' }, token);
      assert.equal((await heard).message.body, 'over NATS');
    } finally {
      pusher.disconnect();
    }
  });
});

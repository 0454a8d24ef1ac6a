// A Hubbub of its own for a test: the real program, on a free port, with a data directory that goes with it.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The program under test. */
export const BINARY = resolve(process.env.HUBBUB_BIN ?? new URL('../../target/debug/hubbub', import.meta.url).pathname);

/** Many people sign in from one address here, and their passwords need no protection. */
const ENVIRONMENT = {
  HUBBUB_PASSWORD_MEMORY_KIB: '64',
  HUBBUB_SIGN_INS_PER_MINUTE: '10000',
  HUBBUB_RATIONS: 'off',
  HUBBUB_ANONYMOUS_SOCKET_SECS: '0',
  HUBBUB_WORKERS: '2',
  HUBBUB_LOG: 'warn',
};

/** The demo's people sign in with it. */
export const PASSWORD = 'hubbub-demo';

export class Server {
  /** Where it answers: `http://127.0.0.1:…`. */
  url = '';
  /** The command that it printed for posting from a terminal; empty without the demo. */
  curlLine = '';
  #isDemo;
  #environment;
  #files;
  #port;
  #directory = '';
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #log = '';

  /**
   * `files` are written into its directory, where it runs, before it starts. A `port` of 0 is any free one.
   * @param {{ isDemo?: boolean, environment?: Record<string, string>, files?: Record<string, string>, port?: number }} [options]
   */
  constructor({ isDemo = true, environment = {}, files = {}, port = 0 } = {}) {
    this.#isDemo = isDemo;
    this.#environment = environment;
    this.#files = files;
    this.#port = port;
  }

  /** The address without the scheme: `127.0.0.1:…`. */
  get host() {
    return new URL(this.url).host;
  }

  /** Adds to the environment of the next start.  @param {Record<string, string>} more */
  setEnvironment(more) {
    this.#environment = { ...this.#environment, ...more };
  }

  /** Starts the program, on the port that it had before if it was stopped; returns when it answers. */
  async start() {
    if (this.#directory === '') {
      this.#directory = await mkdtemp(join(tmpdir(), 'hubbub-test-'));
      for (const [name, text] of Object.entries(this.#files))
        await writeFile(join(this.#directory, name), text, { mode: 0o600 });
    }
    const listen = this.url === '' ? `127.0.0.1:${this.#port}` : new URL(this.url).host;
    const flags = ['serve', '--listen', listen, '--data-dir', this.#directory, ...(this.#isDemo ? ['--demo'] : [])];
    const environment = { ...process.env, ...ENVIRONMENT, ...this.#environment };
    const started = spawn(BINARY, flags, { cwd: this.#directory, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    let output = '';
    /** @type {Promise<void>} */
    const greeted = new Promise((resolve, reject) => {
      started.on('error', reject);
      started.on('exit', (code) => reject(new Error(`hubbub ended with ${code}:\n${output}\n${this.#log}`)));
      started.stderr?.on('data', (chunk) => (this.#log += chunk));
      started.stdout?.on('data', (chunk) => {
        output += chunk;
        this.url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? this.url;
        this.curlLine = /^curl .*$/m.exec(output)?.[0] ?? '';
        if (output.endsWith('\n') && this.url !== '' && (!this.#isDemo || this.curlLine !== '')) resolve();
      });
    });
    await greeted;
    await this.#answering();
    return this;
  }

  /** Changes a file and has the program read its file of apps again.  @param {string} name @param {string} text */
  async reload(name, text) {
    await writeFile(join(this.#directory, name), text);
    this.#process?.kill('SIGHUP');
  }

  /** Ends the program at once, as a power cut does; the data stays. */
  async kill() {
    const running = this.#process;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
    this.#process = null;
  }

  /** Ends the program as a service manager does; the data stays. */
  async stop() {
    const running = this.#process;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
    this.#process = null;
  }

  /** Stops the program and removes its data. */
  async [Symbol.asyncDispose]() {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** The HTTP API as one person; signs in.  @param {string} username */
  async as(username, password = PASSWORD) {
    const answer = await this.request('POST', '/api/v1/session', { body: { username, password } });
    return new Person(this, answer.access_token, answer.user);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: unknown, token?: string }} [options]
   * @returns {Promise<any>}
   */
  async request(method, path, { body, token } = {}) {
    const headers = new Headers();
    if (token) headers.set('Authorization', `Bearer ${token}`);
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async #answering() {
    for (;;) {
      const response = await fetch(`${this.url}/health/ready`).catch(() => null);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Somebody who uses the HTTP API: a script, beside the page. */
export class Person {
  /**
   * @param {Server} server
   * @param {string} token
   * @param {{ id: number, username: string, name: string }} user
   */
  constructor(server, token, user) {
    this.server = server;
    this.token = token;
    this.user = user;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  call(method, path, body) {
    return this.server.request(method, `/api/v1${path}`, { body, token: this.token });
  }

  /** @param {number} roomId @param {string} body */
  post(roomId, body) {
    return this.call('POST', `/rooms/${roomId}/messages`, { body });
  }

  /** The texts of a room's newest messages.  @param {number} roomId @returns {Promise<string[]>} */
  async texts(roomId) {
    const page = await this.call('GET', `/rooms/${roomId}/messages?limit=200`);
    return page.items.map((/** @type {{ body: string }} */ message) => message.body);
  }

  /** @param {string} name @param {'open' | 'closed'} kind @param {number[]} members @returns {Promise<number>} */
  async createRoom(name, kind = 'closed', members = []) {
    const room = await this.call('POST', '/rooms', { name, kind, member_ids: members });
    return room.id;
  }
}

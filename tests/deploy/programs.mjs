// The programs that stand beside Hubbub, with the files of docs/deploy: each on a free port, ended with the test.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** How long a program may take to listen. */
const START_MS = 10_000;
/** Debian keeps servers out of the path of ordinary users. */
const PATH = `${process.env.PATH}:/usr/sbin`;

/** A file of docs/deploy.  @param {string} name */
export const shipped = (name) => readFile(new URL(`../../docs/deploy/${name}`, import.meta.url), 'utf8');

/**
 * The text with each part replaced; every part must stand in it, so that a test cannot miss that the file has changed.
 * @param {string} text @param {[string, string][]} changes
 */
export function replaceAll(text, changes) {
  for (const [part, replacement] of changes) {
    if (!text.includes(part)) throw new Error(`the file has no ${JSON.stringify(part)}`);
    text = text.replaceAll(part, replacement);
  }
  return text;
}

/** A port that was free a moment ago.  @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** A directory of the test's own, and the programs that run in it. */
export class Programs {
  directory = '';
  /** @type {import('node:child_process').ChildProcess[]} */
  #running = [];

  async open() {
    this.directory = await mkdtemp(join(tmpdir(), 'hubbub-deploy-'));
    return this;
  }

  /** @param {string} name @param {string} text */
  async write(name, text) {
    const path = join(this.directory, name);
    await writeFile(path, text);
    return path;
  }

  /** Starts a program, and waits until it listens.
   * @param {string} program @param {string[]} flags @param {number} port @param {Record<string, string>} [environment] */
  async start(program, flags, port, environment = {}) {
    const child = spawn(program, flags, {
      cwd: this.directory,
      env: { HOME: this.directory, PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.push(child);
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    /** @type {Promise<never>} */
    const ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
    });
    ended.catch(() => undefined);
    await Promise.race([ended, listening(port)]);
  }

  /** nats-server with a configuration; answers its port.  @param {string} text @param {Record<string, string>} environment */
  async nats(text, environment) {
    const port = await freePort();
    const { stdout } = await run('nats-server', ['--version'], { env: { PATH } });
    const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
    // Debian's is older than the file wants; all but this line is the same to it.
    const unknown = /** @type {[string, string][]} */ (
      major === 2 && minor < 11 ? [['no_fast_producer_stall: true', '']] : []
    );
    const path = await this.write('nats.conf', replaceAll(text, [[':4222', `:${port}`], ...unknown]));
    await this.start('nats-server', ['--config', path], port, environment);
    return port;
  }

  /** A certificate for localhost that signed itself. */
  async certificate() {
    const [key, certificate] = [join(this.directory, 'key.pem'), join(this.directory, 'certificate.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName = DNS:localhost, IP:127.0.0.1'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await run('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate]);
    return { key, certificate };
  }

  async [Symbol.asyncDispose]() {
    await Promise.all(
      this.#running.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        const isLate = sleep(2_000).then(() => child.kill('SIGKILL'));
        await Promise.race([ended, isLate]);
      }),
    );
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Waits until somebody listens at a port of this machine.  @param {number} port */
async function listening(port) {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await sleep(20);
  }
  throw new Error(`nobody listens at port ${port}`);
}

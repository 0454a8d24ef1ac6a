// `make dev`: the server with its demo, and Vite in front of it, for work on both.
//
// Vite serves the page and reloads what is saved. When a Rust file changes, the program is built again and restarted at the
// same address; while a build fails, the running server stays. Ctrl-C ends both.

import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { createServer } from 'vite';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const TARGET = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target');
/** The demo's data: it stays between two runs, and `make clean` removes it. */
const DATA = join(TARGET, 'dev-data');
/** Editors save a file in several steps, and several files together. */
const DEBOUNCE_MS = 300;

/** @type {import('node:child_process').ChildProcess | undefined} */
let server;
let listen = '127.0.0.1:0';
let isEnding = false;

/** @param {string} line */
const say = (line) => process.stdout.write(`dev: ${line}\n`);

/** @param {import('node:child_process').ChildProcess} child */
const exited = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once('exit', done));

async function build() {
  const cargo = spawn('cargo', ['build', '--locked'], { cwd: ROOT, stdio: 'inherit' });
  cargo.once('error', (error) => say(`cargo cannot be started: ${error.message}`));
  await new Promise((done) => cargo.once('close', done));
  return cargo.exitCode === 0;
}

async function stop() {
  if (server === undefined) return;
  server.kill('SIGTERM');
  await exited(server);
  server = undefined;
}

/** Resolves when the server answers, with its address. Later starts listen at the address of the first. */
async function start() {
  const flags = ['serve', '--demo', '--listen', listen, '--data-dir', DATA];
  const child = spawn(join(TARGET, 'debug/hubbub'), flags, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  server = child;
  /** @type {string} */
  const url = await new Promise((done, fail) => {
    let output = '';
    child.once('error', fail);
    child.once('exit', () => fail(new Error('the server ended at once')));
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (found !== null) done(found[0]);
    });
  });
  listen = new URL(url).host;
  return url;
}

async function restart() {
  if (!(await build())) {
    say('the build failed; the running server stays as it was');
    return;
  }
  if (isEnding) return;
  await stop();
  await start();
  say('the server is restarted');
}

/** Calls `restart` after changes, one call at a time. */
function watchRust() {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let running = Promise.resolve();
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(restart).catch((/** @type {Error} */ error) => say(error.message));
    }, DEBOUNCE_MS);
  };
  for (const folder of ['src', 'migrations']) watch(join(ROOT, folder), { recursive: true }, changed);
}

if (!(await build())) process.exit(1);
await mkdir(DATA, { recursive: true });
process.env.HUBBUB_DEV_SERVER = await start();
const vite = await createServer({ root: join(ROOT, 'frontend') });
await vite.listen();
watchRust();

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (isEnding) return;
    isEnding = true;
    await Promise.all([vite.close(), stop()]);
    process.exit(0);
  });
}

say(
  `open ${vite.resolvedUrls?.local[0] ?? ''} (the server itself: ${process.env.HUBBUB_DEV_SERVER}); Ctrl-C ends both`,
);

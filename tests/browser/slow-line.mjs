// Measures how long a page takes to its first message with 125 rooms on a slow line: a round trip of 150 ms, 1.6 Mbit/s and a
// processor that is four times slower. The goal is 2.5 s. It is no test: its figures depend on the machine.
//
//     cd tests && HUBBUB_BIN=../target/release/hubbub node browser/slow-line.mjs [rooms] [runs]

import { chromium } from '@playwright/test';

import { Server } from '../support/server.mjs';

const ROOMS = Number(process.argv[2] ?? 125);
const RUNS = Number(process.argv[3] ?? 5);
const MESSAGES = 40;
const LINE = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 200_000 };
const SLOWER = 4;
const TEXT = 'the newest message of the room';

const server = new Server();
await server.start();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
try {
  const roomId = await fill();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const first = await context.newPage();
  await first.goto(`${server.url}/rooms/1`);
  await first.getByRole('button', { name: /^Ada/ }).click();
  await first.getByRole('log').waitFor();
  await first.close();
  const cold = [];
  const warm = [];
  for (let run = 0; run < RUNS; run += 1) {
    cold.push(await measure(context, roomId, true));
    warm.push(await measure(context, roomId, false));
  }
  report('empty cache', cold);
  report('with the files in the cache', warm);
} finally {
  await browser.close();
  await server[Symbol.asyncDispose]();
}

/** Makes the rooms, each with messages, and answers the id of the last one. */
async function fill() {
  const token = /Bearer (\S+?)["']/.exec(server.curlLine)?.[1] ?? '';
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const post = async (/** @type {string} */ path, /** @type {object} */ body) => {
    const answer = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  let roomId = 0;
  for (let number = 1; number <= ROOMS; number += 1) {
    const topic = `What is said about subject ${number}, and what became of it`;
    roomId = (await post('/api/v1/rooms', { name: `Room ${number}`, topic })).id;
    await post(`/api/v1/rooms/${roomId}/messages`, { body: 'hello' });
  }
  const body = 'A message of some length, as people write them, with a **few** words more than one needs. ';
  for (let number = 1; number < MESSAGES; number += 1) await post(`/api/v1/rooms/${roomId}/messages`, { body });
  await post(`/api/v1/rooms/${roomId}/messages`, { body: TEXT });
  return roomId;
}

/**
 * Milliseconds from the navigation to the message on screen, and what was transferred until then.
 * @param {import('@playwright/test').BrowserContext} context @param {number} roomId @param {boolean} isCold
 */
async function measure(context, roomId, isCold) {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  if (isCold) await devtools.send('Network.clearBrowserCache');
  await devtools.send('Network.emulateNetworkConditions', LINE);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(`${server.url}/rooms/${roomId}`, { waitUntil: 'commit' });
  await page.getByRole('log').getByText(TEXT).last().waitFor();
  const ms = await page.evaluate(() => performance.now());
  const kilobytes = Math.round(bytes / 1000);
  const requests = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(
        (entry) => `${Math.round(entry.startTime)} for ${Math.round(entry.duration)} ${new URL(entry.name).pathname}`,
      ),
  );
  await page.close();
  return { ms, kilobytes, requests };
}

/** @param {string} name @param {Awaited<ReturnType<typeof measure>>[]} measured */
function report(name, measured) {
  const sorted = measured.toSorted((a, b) => a.ms - b.ms);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (median === undefined) return;
  const all = sorted.map(({ ms }) => (ms / 1000).toFixed(2)).join(', ');
  console.log(
    `${ROOMS} rooms, ${name}: first message after ${(median.ms / 1000).toFixed(2)} s (${all}), ${median.kilobytes} kB`,
  );
  for (const line of median.requests) console.log(`    ${line} ms`);
}

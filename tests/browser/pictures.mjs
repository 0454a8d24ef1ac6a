// Renews the pictures of the documents from today's page: docs/screenshot.png and docs/flow.png. `npm run pictures`, after
// `make build` or with HUBBUB_BIN=…; the demo's server runs for it.

import { fileURLToPath } from 'node:url';

import { chromium } from '@playwright/test';

import { Server } from '../support/server.mjs';

/** @param {string} name */
const picture = (name) => fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));

const server = new Server();
await server.start();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});

/** @param {'Ada' | 'Grace'} name */
async function enter(name) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(`${server.url}/rooms/1`);
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
  await page.getByRole('log').waitFor();
  return page;
}

/** @param {import('@playwright/test').Page} page */
const composer = (page) => page.getByRole('textbox', { name: /^Message to/ });

/** @param {import('@playwright/test').Page} page @param {string} text */
async function send(page, text) {
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await page.getByRole('log').getByRole('article').filter({ hasText: text }).waitFor();
}

try {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(grace, 'One frame for each event, whatever the size of the room.');
  await ada.getByRole('log').getByRole('article').filter({ hasText: 'One frame' }).waitFor();
  await send(ada, 'Shall we release on Friday?');
  await send(grace, 'Yes. I have read the notes.');
  await ada.getByRole('log').getByRole('article').filter({ hasText: 'read the notes' }).waitFor();
  const question = grace.getByRole('log').getByRole('article').filter({ hasText: 'Friday' });
  await question.hover();
  await question.getByRole('button', { name: 'React with 👍' }).click();
  await ada.getByRole('log').getByText('👍').first().waitFor();
  await composer(grace).pressSequentially('And then');
  await ada.getByText('Grace Hopper is typing').waitFor();
  await composer(ada).focus();
  await ada.mouse.move(0, 0);
  await ada.screenshot({ path: picture('screenshot') });

  const message = ada.getByRole('log').getByRole('article').filter({ hasText: 'Friday' });
  await message.hover();
  await message.getByRole('button', { name: 'How did this get here?' }).click();
  await ada.getByRole('dialog').getByText('Received').first().waitFor();
  await ada.mouse.move(0, 0);
  await ada.screenshot({ path: picture('flow') });
} finally {
  await browser.close();
  await server[Symbol.asyncDispose]();
}

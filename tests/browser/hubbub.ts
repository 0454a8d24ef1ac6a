// What every browser test has: a server of its own, and people who sit before pages of their own.

import { type BrowserContextOptions, type Page, test as base, expect } from '@playwright/test';

import { Server } from '../support/server.mjs';

/** The demo's rooms, both with Ada and Grace in them. */
export const LOBBY = 1;
export const WORKSHOP = 2;

export interface Hubbub {
  /** Flags that a file of tests changes with `test.use`. */
  isDemo: boolean;
  environment: Record<string, string>;
  server: Server;
  /** Opens a page at the server, in a browser profile of its own. What goes wrong in its scripts fails the test. */
  open: (path?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Opens a page and enters as a demo person, in a room. */
  enter: (name: 'Ada' | 'Grace', options?: BrowserContextOptions & { roomId?: number }) => Promise<Page>;
}

export const test = base.extend<Hubbub>({
  isDemo: [true, { option: true }],
  environment: [{}, { option: true }],

  server: async ({ isDemo, environment }, use) => {
    const server = new Server({ isDemo, environment });
    await server.start();
    await use(server);
    await server[Symbol.asyncDispose]();
  },

  open: async ({ browser, server }, use) => {
    const errors: Error[] = [];
    const open: Hubbub['open'] = async (path = '/', options = {}) => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(error));
      page.on('console', (line) => {
        // Whatever the Content-Security-Policy stops is a bug of the page.
        if (line.text().includes('Content Security Policy')) errors.push(new Error(line.text()));
      });
      await page.goto(server.url + path);
      return page;
    };
    await use(open);
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(errors).toEqual([]);
  },

  enter: async ({ open }, use) => {
    await use(async (name, { roomId = LOBBY, ...options } = {}) => {
      const page = await open(`/rooms/${roomId}`, options);
      await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
      await expect(page.getByRole('log')).toBeVisible();
      await expect(page.getByRole('button', { name: /^People: [1-9]/ })).toBeVisible();
      return page;
    });
  },
});

export { expect };

/** Writes a message and sends it with Enter. */
export async function send(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

export function composer(page: Page) {
  return page.getByRole('textbox', { name: /^Message to/ });
}

/** The rows that hold a text. */
export function rows(page: Page, text: string | RegExp) {
  return page.getByRole('log').getByRole('article').filter({ hasText: text });
}

/** Chooses what can be done with the message that holds a text. */
export async function choose(page: Page, text: string, action: string): Promise<void> {
  await rows(page, text).hover();
  await rows(page, text).getByRole('button', { name: action }).click();
}

/** The texts of the rows whose texts begin so, from top to bottom. */
export async function texts(page: Page, beginning: string): Promise<string[]> {
  const all = await page.getByRole('log').locator('.prose, .text').allInnerTexts();
  return all.map((text) => text.trim()).filter((text) => text.startsWith(beginning));
}

// axe finds nothing serious on any page, in either theme.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { WORKSHOP, LOBBY, expect, rows, send, test } from './hubbub';

async function check(page: Page, what: string): Promise<void> {
  // What is still fading in has not its colours yet.
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null))),
  );
  const { violations } = await new AxeBuilder({ page })
    .options({ rules: { 'label-content-name-mismatch': { enabled: true } } })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`),
    what,
  ).toEqual([]);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test('the ways in', async ({ open }) => {
      const page = await open('/', { colorScheme });
      await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
      await check(page, 'signing in');
      await page.getByLabel('Username').fill('nobody');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      await check(page, 'a wrong password');
      await page.getByRole('link', { name: 'Create an account' }).click();
      await expect(page.getByLabel('Your name')).toBeVisible();
      await check(page, 'signing up');
    });

    test('rooms', async ({ enter, server }) => {
      const script = await server.as('grace');
      await script.post(
        LOBBY,
        '# Heading\n\n> quote\n\n`code` [link](https://example.org)\n\n- [x] done\n\n| a | b |\n|---|---|\n| 1 | 2 |',
      );
      await script.post(WORKSHOP, 'Unread');
      const empty = await script.createRoom('Empty', 'closed', [1]);
      const open = await script.createRoom('Open', 'open');
      const ada = await enter('Ada', { colorScheme });
      await send(ada, 'Mine');
      await rows(ada, 'Mine').hover();
      await check(ada, 'a room');
      await ada.goto(`${server.url}/rooms/${empty}`);
      await expect(ada.getByText('No messages yet')).toBeVisible();
      await check(ada, 'an empty room');
      await ada.goto(`${server.url}/rooms/${open}`);
      await expect(ada.getByRole('button', { name: 'Join Open' })).toBeVisible();
      await check(ada, 'a room to join');
      await ada.goto(`${server.url}/rooms/999`);
      await expect(ada.getByText('Room not found')).toBeVisible();
      await check(ada, 'no room');
    });

    test('documents', async ({ enter, server }) => {
      const script = await server.as('grace');
      const { id } = await script.call('POST', `/rooms/${LOBBY}/documents`, { title: 'Agenda' });
      const [ada, grace] = [await enter('Ada', { colorScheme }), await enter('Grace', { colorScheme })];
      const text = (page: Page) => page.getByRole('textbox', { name: /^Text of/ });
      for (const page of [ada, grace]) await page.goto(`${server.url}/rooms/${LOBBY}/documents/${id}`);
      await expect(text(ada)).toBeVisible();
      await check(ada, 'an empty document');
      await text(grace).pressSequentially('# Heading\n*soft* **loud** `code` [link](https://example.org)\n> quote\n\n');
      await expect(ada.locator('.remote-name')).toHaveCount(1);
      await expect(text(ada)).toContainText('quote');
      await check(ada, 'a document');
      await ada.getByRole('button', { name: 'Details of Agenda' }).click();
      await check(ada, 'about a document');
      await ada.getByRole('button', { name: 'Version history' }).click();
      await expect(ada.getByRole('heading', { name: 'Versions of Agenda' })).toBeVisible();
      await check(ada, 'versions');
      await ada.keyboard.press('Escape');
      await script.call('PATCH', `/documents/${id}`, { archived: true });
      await expect(ada.getByText('This document is archived')).toBeVisible();
      await check(ada, 'an archived document');
      await ada.goto(`${server.url}/rooms/${LOBBY}/documents/999`);
      await expect(ada.getByText('Document not found')).toBeVisible();
      await check(ada, 'no document');
    });

    test('what is not sent', async ({ enter }) => {
      const ada = await enter('Ada', { colorScheme });
      await ada.route('**/messages', (route) => route.fulfill({ status: 422, body: '{"detail":"No."}' }));
      await send(ada, 'Refused');
      await expect(ada.getByText('Not sent. No.')).toBeVisible();
      await ada.unroute('**/messages');
      await ada.context().setOffline(true);
      await send(ada, 'Waiting');
      await expect(ada.getByText('Offline: 1 message waiting')).toBeVisible();
      await check(ada, 'what is not sent');
    });

    test('dialogs', async ({ enter }) => {
      const ada = await enter('Ada', { colorScheme });
      await send(ada, 'Mine');
      const dialog = ada.getByRole('dialog');
      const buttons = [/^New room$/, /Settings$/, /^Keyboard shortcuts$/, /^Invite people$/, /^Details of Lobby/];
      for (const name of buttons) {
        await ada.getByRole('button', { name }).click();
        await expect(dialog).toBeVisible();
        await check(ada, name.source);
        await ada.keyboard.press('Escape');
        await expect(dialog).toHaveCount(0);
      }
      await ada.keyboard.press('Control+k');
      await expect(dialog).toBeVisible();
      await check(ada, 'going to a room');
      await ada.keyboard.press('Escape');
      for (const action of ['How did this get here?', 'Delete']) {
        await rows(ada, 'Mine').hover();
        await rows(ada, 'Mine').getByRole('button', { name: action }).click();
        await expect(dialog).toBeVisible();
        if (action !== 'Delete') await expect(dialog.getByRole('img')).toBeVisible();
        await check(ada, action);
        await ada.keyboard.press('Escape');
        await expect(dialog).toHaveCount(0);
      }
    });

    test('a phone', async ({ enter }) => {
      const ada = await enter('Ada', {
        colorScheme,
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        isMobile: true,
      });
      await check(ada, 'a room on a phone');
      await ada.getByRole('button', { name: 'Rooms' }).tap();
      await expect(ada.getByRole('navigation', { name: 'Rooms' })).toBeVisible();
      await check(ada, 'the drawer');
    });
  });
}

test.describe('a new server', () => {
  test.use({ isDemo: false });

  test('greets its first visitor accessibly', async ({ open }) => {
    const page = await open('/');
    await expect(page.getByText('There are no accounts yet.')).toBeVisible();
    await check(page, 'the first run');
  });
});

test('at four times the size everything can still be reached', async ({ enter }) => {
  const ada = await enter('Ada', { viewport: { width: 320, height: 256 } });
  await send(ada, 'Small screen');
  await expect(rows(ada, 'Small screen')).toBeInViewport();
  const overflow = await ada.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test('nobody who wants no motion sees any', async ({ enter }) => {
  const ada = await enter('Ada', { reducedMotion: 'reduce' });
  await ada.getByRole('button', { name: 'Settings' }).click();
  expect(await ada.evaluate(() => document.getAnimations().length)).toBe(0);
});

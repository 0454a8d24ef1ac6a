// A phone: the rooms in a drawer, fingers instead of keys.

import { devices } from '@playwright/test';

import { LOBBY, composer, expect, rows, test } from './hubbub';

const { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch } = devices['Pixel 7'];
const phone = { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch };

test('the rooms are in a drawer that opens and closes', async ({ enter }) => {
  const ada = await enter('Ada', phone);
  const rooms = ada.getByRole('navigation', { name: 'Rooms' });
  await expect(rooms).toBeHidden();
  await ada.getByRole('button', { name: 'Rooms' }).tap();
  await expect(rooms).toBeVisible();
  await rooms.getByRole('link', { name: 'Workshop' }).tap();
  await expect(rooms).toBeHidden();
  await expect(ada.getByRole('heading', { name: 'Workshop' })).toBeVisible();
  await ada.getByRole('button', { name: 'Rooms' }).tap();
  await rooms.getByRole('button', { name: 'Close' }).tap();
  await expect(rooms).toBeHidden();
});

test('Enter breaks the line and the button sends', async ({ enter, server }) => {
  const ada = await enter('Ada', phone);
  await composer(ada).tap();
  await composer(ada).pressSequentially('Line one');
  await composer(ada).press('Enter');
  await composer(ada).pressSequentially('Line two');
  await ada.getByRole('button', { name: 'Send', exact: true }).tap();
  await expect(rows(ada, 'Line two')).toBeVisible();
  expect((await (await server.as('ada')).texts(LOBBY)).at(-1)).toBe('Line one\nLine two');
});

test('a tap shows what can be done with a message, and does nothing else', async ({ enter }) => {
  const ada = await enter('Ada', phone);
  const row = rows(ada, 'Open a second window');
  await row.getByText('Open a second window').tap();
  await expect(row.getByRole('button', { name: 'How did this get here?' })).toBeVisible();
  await expect(ada.getByRole('dialog')).toHaveCount(0);
  await row.getByRole('button', { name: 'How did this get here?' }).tap();
  await expect(ada.getByRole('dialog').getByRole('listitem')).toHaveCount(6);
});

test('nothing is wider than the screen', async ({ enter, server }) => {
  const ada = await enter('Ada', phone);
  const script = await server.as('grace');
  await script.post(LOBBY, 'x'.repeat(3_000));
  await script.post(LOBBY, `https://example.org/${'long/'.repeat(80)}`);
  await script.post(LOBBY, `\`\`\`\n${'code '.repeat(200)}\n\`\`\``);
  await script.post(LOBBY, `| ${'column | '.repeat(30)}\n|${'---|'.repeat(30)}\n| ${'cell | '.repeat(30)}`);
  await expect(rows(ada, 'cell')).toBeVisible();
  const widths = await ada.evaluate(() => {
    const log = document.querySelector('[role=log]');
    return [document.documentElement.scrollWidth - innerWidth, (log?.scrollWidth ?? 0) - (log?.clientWidth ?? 0)];
  });
  expect(widths).toEqual([0, 0]);
});

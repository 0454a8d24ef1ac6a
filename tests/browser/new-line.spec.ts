// What is new since somebody last looked: the line, the way to it, and the count below.

import { LOBBY, WORKSHOP, expect, test } from './hubbub';

test('the line stands where reading stopped, also in a room that was on screen before', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.getByRole('link', { name: /Workshop/ }).click();
  await expect(ada.getByRole('log', { name: 'Messages in Workshop' })).toBeVisible();
  const grace = await server.as('grace');
  const log = ada.getByRole('log');
  const line = log.getByText('New', { exact: true });
  for (const count of [1, 12, 3]) {
    await ada.getByRole('link', { name: 'Lobby' }).click();
    await expect(ada.getByRole('log', { name: 'Messages in Lobby' })).toBeVisible();
    await expect(line).toHaveCount(0);
    for (let number = 1; number <= count; number += 1) await grace.post(WORKSHOP, `${number} of ${count}`);
    await expect(ada.getByRole('link', { name: /Workshop/ })).toContainText(`${count} new`);
    await ada.getByRole('link', { name: /Workshop/ }).click();
    await expect(line).toBeInViewport();
    await expect(ada.getByRole('link', { name: /Workshop/ })).not.toContainText('new');
    await expect(log.locator('.new + article')).toContainText(`1 of ${count}`);
  }
});

test('a room does not count as read while one of its documents is on screen', async ({ enter, server }) => {
  const grace = await server.as('grace');
  const { id } = await grace.call('POST', `/rooms/${LOBBY}/documents`, { title: 'Agenda' });
  const ada = await enter('Ada');
  await ada
    .getByRole('complementary')
    .getByRole('link', { name: /Agenda/ })
    .click();
  await expect(ada).toHaveURL(new RegExp(`/documents/${id}$`));
  await expect(ada.getByRole('textbox', { name: /^Text of/ })).toBeVisible();
  await grace.post(LOBBY, 'While you wrote');
  await expect(ada.getByRole('link', { name: /Lobby/ }).first()).toContainText('1 new');
  await ada.getByRole('link', { name: /^Back to/ }).click();
  await expect(ada.getByRole('log').locator('.new + article')).toContainText('While you wrote');
});

test('with many unread messages a room opens at its end, and a button leads to the first of them', async ({
  enter,
  server,
}) => {
  const grace = await server.as('grace');
  const room = await grace.createRoom('Busy', 'closed', [1]);
  const ada = await enter('Ada');
  for (let number = 1; number <= 200; number += 1) await grace.post(room, `Line ${number}`);
  await ada.getByRole('link', { name: /Busy/ }).click();
  const log = ada.getByRole('log', { name: 'Messages in Busy' });
  await expect(log.getByText('Line 200', { exact: true })).toBeInViewport();
  await expect(log.getByText('New', { exact: true })).toHaveCount(0);
  await ada.getByRole('button', { name: 'Jump to first unread' }).click();
  await expect(log.getByText('New', { exact: true })).toBeInViewport();
  await expect(log.locator('.new + article')).toContainText('Line 1');
  await expect(ada.getByRole('button', { name: 'Jump to first unread' })).toHaveCount(0);
  const pill = ada.getByRole('button', { name: /↓$/ });
  const below = async (): Promise<number> => Number(/^(\d+) new/.exec((await pill.textContent())?.trim() ?? '')?.[1]);
  const first = await below();
  expect(first).toBeGreaterThan(150);
  expect(first).toBeLessThan(200);
  await log.evaluate((list) => list.scrollBy(0, list.clientHeight / 2));
  await expect.poll(below).toBeLessThan(first);
  // The line stays where one reads, whatever comes in below.
  const before = await below();
  await grace.post(room, 'Line 201');
  await expect.poll(below).toBe(before + 1);
  await pill.click();
  await expect(log.getByText('Line 201', { exact: true })).toBeInViewport();
  await expect(pill).toHaveCount(0);
});

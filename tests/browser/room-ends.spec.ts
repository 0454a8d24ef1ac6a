// Rooms that end: archived, deleted, left by the last member; and the administrators' list of them.

import type { Page } from '@playwright/test';

import { WORKSHOP, composer, expect, send, test } from './hubbub';

const rooms = (page: Page) => page.getByRole('navigation', { name: 'Rooms' });
const dialog = (page: Page) => page.getByRole('dialog');

async function openDetails(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Details of ${name}` }).click();
}

test('a deleted room leaves every page, with a sentence', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  const elsewhere = await enter('Grace', { roomId: WORKSHOP });
  await expect(rooms(elsewhere).getByRole('link', { name: /^Lobby/ })).toBeVisible();
  await openDetails(ada, 'Lobby');
  await dialog(ada).getByRole('button', { name: 'Delete room' }).click();
  await expect(dialog(ada)).toContainText('cannot be undone');
  await dialog(ada).getByRole('button', { name: 'Delete room' }).click();
  for (const page of [ada, grace]) {
    await expect(page.getByRole('heading', { name: 'Lobby was deleted' })).toBeVisible();
    await expect(rooms(page).getByRole('link', { name: /^Lobby/ })).toHaveCount(0);
  }
  await expect(elsewhere.getByText('The room Lobby was deleted.')).toBeVisible();
  await expect(rooms(elsewhere).getByRole('link', { name: /^Lobby/ })).toHaveCount(0);
  await expect(composer(elsewhere)).toBeVisible();
});

test('an archived room is read by its members, found again, and taken out of the archive', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  await send(ada, 'worth keeping');
  await openDetails(ada, 'Lobby');
  await dialog(ada).getByRole('button', { name: 'Archive' }).click();
  await dialog(ada).getByRole('button', { name: 'Archive' }).click();
  for (const page of [ada, grace]) {
    await expect(page.getByText('This room is archived.')).toBeVisible();
    await expect(composer(page)).toHaveCount(0);
    await expect(page.getByRole('log')).toContainText('worth keeping');
    await expect(rooms(page).getByRole('link', { name: /^Lobby/ })).toHaveCount(0);
  }
  await grace.reload();
  await expect(grace.getByText('This room is archived.')).toBeVisible();
  await expect(grace.getByRole('button', { name: 'Unarchive' })).toHaveCount(0);
  await rooms(grace)
    .getByRole('link', { name: /^Workshop/ })
    .click();
  await rooms(grace).getByRole('button', { name: 'Archived rooms' }).click();
  await dialog(grace)
    .getByRole('link', { name: /^Lobby/ })
    .click();
  await expect(grace.getByRole('log')).toContainText('worth keeping');
  await ada.getByRole('button', { name: 'Unarchive' }).click();
  await expect(composer(grace)).toBeVisible();
  await expect(rooms(grace).getByRole('link', { name: /^Lobby/ })).toBeVisible();
});

test('who leaves as the last member is told, and an administrator finds the room', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  await rooms(grace).getByRole('button', { name: 'New room' }).click();
  await dialog(grace).getByLabel('Name', { exact: true }).fill('Alone');
  await dialog(grace)
    .getByRole('radio', { name: /^Closed/ })
    .check();
  await dialog(grace).getByRole('button', { name: 'Create room' }).click();
  await send(grace, 'for me only');
  await openDetails(grace, 'Alone');
  await dialog(grace).getByRole('button', { name: 'Leave room' }).click();
  await dialog(grace).getByRole('button', { name: 'Leave' }).click();
  await expect(dialog(grace)).toContainText('You are the last member of Alone');
  await dialog(grace).getByRole('button', { name: 'Leave anyway' }).click();
  await expect(rooms(grace).getByRole('link', { name: /^Alone/ })).toHaveCount(0);

  await rooms(ada).getByRole('button', { name: 'All rooms' }).click();
  const found = dialog(ada).getByRole('listitem').filter({ hasText: 'Alone' });
  await expect(found).toContainText('you are not a member');
  await found.getByRole('button', { name: 'Settings of Alone' }).click();
  await dialog(ada).getByLabel('Name', { exact: true }).fill('Found');
  await dialog(ada).getByRole('button', { name: 'Save' }).click();
  await rooms(ada).getByRole('button', { name: 'All rooms' }).click();
  await dialog(ada)
    .getByRole('link', { name: /^Found/ })
    .click();
  await expect(ada.getByText('for me only')).toHaveCount(0);
  await ada.getByRole('button', { name: 'Join Found' }).click();
  await expect(ada.getByRole('log')).toContainText('for me only');
});

test('open rooms of others come, change and go while one looks', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  await rooms(ada).getByRole('button', { name: 'New room' }).click();
  await dialog(ada).getByLabel('Name', { exact: true }).fill('Library');
  await dialog(ada).getByRole('button', { name: 'Create room' }).click();
  await expect(rooms(grace).getByRole('link', { name: /^Library/ })).toBeVisible();
  await openDetails(ada, 'Library');
  await dialog(ada).getByLabel('Name', { exact: true }).fill('Reading room');
  await dialog(ada).getByRole('button', { name: 'Save' }).click();
  await expect(rooms(grace).getByRole('link', { name: /^Reading room/ })).toBeVisible();
  await openDetails(ada, 'Reading room');
  await dialog(ada).getByRole('button', { name: 'Delete room' }).click();
  await dialog(ada).getByRole('button', { name: 'Delete room' }).click();
  await expect(rooms(grace).getByRole('link', { name: /^Reading room/ })).toHaveCount(0);
});

test('who made a document deletes it, and it leaves the lists of others', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  await grace.getByRole('button', { name: 'New document' }).click();
  await dialog(grace).getByLabel('Title').fill('Agenda');
  await dialog(grace)
    .getByRole('button', { name: /^Create/ })
    .click();
  const listed = ada.getByRole('region', { name: 'Documents' }).getByRole('link', { name: /^Agenda/ });
  await expect(listed).toBeVisible();
  await grace.getByRole('button', { name: 'Details of Agenda' }).click();
  await dialog(grace).getByRole('button', { name: 'Delete' }).click();
  await dialog(grace).getByRole('button', { name: 'Delete document' }).click();
  await expect(listed).toHaveCount(0);
  await expect(grace.getByRole('heading', { name: 'Document not found' })).toBeVisible();
});

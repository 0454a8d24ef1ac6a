// Shared documents: several people write at once, offline in between, and nothing of it is lost.

import { devices, type Page } from '@playwright/test';

import type { Person } from '../support/server.mjs';
import { LOBBY, expect, rows, send, test } from './hubbub';

const text = (page: Page) => page.getByRole('textbox', { name: /^Text of/ });
const saveState = (page: Page) => page.getByRole('button', { name: /^Details of/ }).getByRole('paragraph');

/** The editor draws what is on screen only; the texts here are short enough for all of it. */
async function read(page: Page): Promise<string> {
  return (await text(page).locator('.cm-line').allInnerTexts()).map((line) => line.replaceAll('\n', '')).join('\n');
}

/** The text as a script reads it. */
async function stored(person: Person, id: number): Promise<string> {
  const headers = { Authorization: `Bearer ${person.token}` };
  return (await fetch(`${person.server.url}/api/v1/documents/${id}/text`, { headers })).text();
}

async function make(person: Person, roomId: number, title: string): Promise<{ id: number; path: string }> {
  const { id } = await person.call('POST', `/rooms/${roomId}/documents`, { title });
  return { id, path: `/rooms/${roomId}/documents/${id}` };
}

test.describe.configure({ timeout: 120_000 });

test('a document is made, found in the room, renamed and opened by its address', async ({ enter }) => {
  const ada = await enter('Ada');
  const grace = await enter('Grace');
  await ada.getByRole('button', { name: 'New document' }).click();
  await ada.getByLabel('Title').fill('Agenda');
  await ada.getByRole('button', { name: 'Create document' }).click();
  await expect(text(ada)).toBeFocused();
  await grace.getByRole('log').getByRole('link', { name: 'Agenda' }).click();
  await expect(text(grace)).toBeVisible();
  await expect(ada.getByRole('list', { name: 'People in this document' })).toContainText('Grace Hopper');
  await ada.getByRole('button', { name: 'Details of Agenda' }).click();
  await ada.getByLabel('Title').fill('Agenda for Thursday');
  await ada.getByRole('button', { name: 'Rename' }).click();
  await expect(grace.getByRole('heading', { name: 'Agenda for Thursday' })).toBeVisible();
  await grace.reload();
  await expect(text(grace)).toBeVisible();
  await grace.getByRole('link', { name: 'Back to Lobby' }).click();
  await expect(grace.getByRole('log')).toContainText('Ada Lovelace created the document Agenda for Thursday');
});

test('three people write at once, one of them offline for a while, and all come to the same text', async ({
  enter,
  server,
}) => {
  const script = await server.as('ada');
  const { id, path } = await make(script, LOBBY, 'Minutes');
  const pages = [await enter('Ada'), await enter('Grace'), await enter('Ada')];
  for (const page of pages) {
    await page.goto(server.url + path);
    await expect(text(page)).toBeVisible();
  }
  const [ada, grace, away] = pages as [Page, Page, Page];
  const write = (page: Page, words: string): Promise<void> => text(page).pressSequentially(words, { delay: 15 });

  await write(ada, 'Opening.\n');
  await expect(text(away)).toContainText('Opening.');
  await away.context().setOffline(true);
  await Promise.all([
    write(ada, 'Ada writes one line.\n'),
    write(grace, 'Grace writes another.\n'),
    write(away, 'Far away a third is written.\n'),
  ]);
  await expect(away.getByText('Your changes are kept on this device')).toBeVisible();
  await expect(text(away)).not.toContainText('another');
  await away.context().setOffline(false);
  await Promise.all([write(ada, 'And on.\n'), write(away, 'Back again.\n')]);

  for (const page of pages) {
    await expect(saveState(page)).toHaveText('Saved', { timeout: 30_000 });
    await expect(text(page)).toContainText('And on.');
    await expect(text(page)).toContainText('Back again.');
  }
  const final = await read(ada);
  for (const page of pages) await expect.poll(() => read(page)).toBe(final);
  await expect.poll(() => stored(script, id)).toBe(final);
  // Everybody's keys are there, each once; whose lines run into whose is not for a program to say.
  const keys = (words: string): string => [...words].sort().join('');
  const written =
    'Opening.\nAda writes one line.\nGrace writes another.\nFar away a third is written.\nAnd on.\nBack again.\n';
  expect(keys(final)).toBe(keys(written));
});

test('what was written offline survives a closed page', async ({ enter, server }) => {
  const script = await server.as('ada');
  const { id, path } = await make(script, LOBBY, 'Draft');
  const ada = await enter('Ada');
  await ada.goto(server.url + path);
  await text(ada).pressSequentially('Before. ');
  await expect(saveState(ada)).toHaveText('Saved');
  await server.stop();
  await text(ada).pressSequentially('On the train.');
  await expect(saveState(ada)).toHaveText('Not saved yet');
  await ada.goto('about:blank');
  await server.start();
  expect(await stored(await server.as('ada'), id)).toBe('Before. ');
  await ada.goto(server.url + path);
  await expect(text(ada)).toContainText('Before. On the train.');
  await expect.poll(async () => stored(await server.as('ada'), id)).toBe('Before. On the train.');
});

test('who comes moves nobody’s caret', async ({ enter, server }) => {
  const { path } = await make(await server.as('ada'), LOBBY, 'Minutes');
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await ada.goto(server.url + path);
  await text(ada).pressSequentially('first ');
  await grace.goto(server.url + path);
  await expect(text(grace)).toHaveText('first');
  await expect(ada.getByRole('list', { name: 'Here now' }).or(ada.getByText('Grace Hopper')).first()).toBeAttached();
  await ada.keyboard.type('second');
  await expect(text(grace)).toHaveText('first second');
});

test('undo takes back what one wrote oneself, and leaves what others wrote', async ({ enter, server }) => {
  const { path } = await make(await server.as('ada'), LOBBY, 'Plans');
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  for (const page of [ada, grace]) await page.goto(server.url + path);
  await text(ada).pressSequentially('mine ');
  await expect(text(grace)).toContainText('mine');
  await text(grace).press('Control+End');
  await text(grace).pressSequentially('hers');
  await expect(text(ada)).toContainText('mine hers');
  await text(ada).press('Control+z');
  await expect(text(grace)).toHaveText('hers');
  await text(ada).press('Control+y');
  await expect(text(grace)).toHaveText('mine hers');
});

test('the others’ cursors carry their names', async ({ enter, server }) => {
  const { path } = await make(await server.as('ada'), LOBBY, 'Cursors');
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  for (const page of [ada, grace]) await page.goto(server.url + path);
  await text(grace).pressSequentially('here I am');
  await expect(ada.locator('.remote-name')).toHaveAttribute('data-name', 'Grace Hopper');
  await expect(grace.locator('.remote-name')).toHaveAttribute('data-name', 'Ada Lovelace');
  await text(grace).press('Shift+Home');
  await expect(ada.locator('.remote-selection')).toHaveText('here I am');
  await grace.close();
  await expect(ada.locator('.remote-name')).toHaveCount(0);
});

test('an archived document is read and not written, until it is taken out again', async ({ enter, server }) => {
  const script = await server.as('ada');
  const { id, path } = await make(script, LOBBY, 'Rules');
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  for (const page of [ada, grace]) await page.goto(server.url + path);
  await text(grace).pressSequentially('Be kind.');
  await expect(saveState(grace)).toHaveText('Saved');
  await ada.getByRole('button', { name: 'Details of Rules' }).click();
  await ada.getByRole('button', { name: 'Archive', exact: true }).click();
  await expect(saveState(grace)).toHaveText('Archived, read-only');
  await expect(text(grace)).toHaveAttribute('aria-readonly', 'true');
  await text(grace).press('End');
  await grace.keyboard.type(' Or not.');
  await expect(text(grace)).toHaveText('Be kind.');
  await grace.getByRole('button', { name: 'Unarchive' }).click();
  await expect(saveState(ada)).toHaveText('Saved');
  await text(grace).press('Control+End');
  await text(grace).pressSequentially(' Always.');
  await expect(text(ada)).toHaveText('Be kind. Always.');
  await expect.poll(() => stored(script, id)).toBe('Be kind. Always.');
});

test('somebody removed from the room loses the document at once, and can copy what was not saved', async ({
  enter,
  server,
}) => {
  const script = await server.as('ada');
  const grace = await server.as('grace');
  const roomId = await script.createRoom('Board', 'closed', [grace.user.id]);
  const { id, path } = await make(script, roomId, 'Secrets');
  const page = await enter('Grace');
  await page.goto(server.url + path);
  await text(page).pressSequentially('Saved words.');
  await expect(saveState(page)).toHaveText('Saved');
  await page.route('**/api/v1/documents/**', (route) =>
    route.request().method() === 'PUT' ? route.abort() : route.continue(),
  );
  await text(page).pressSequentially(' Unsaved words.');
  await expect(saveState(page)).toHaveText('Not saved yet');
  await script.call('DELETE', `/rooms/${roomId}/members/${grace.user.id}`);
  await expect(page.getByRole('heading', { name: 'You no longer have access to “Secrets”' })).toBeVisible();
  await expect(page.getByLabel(/could not be saved/)).toHaveValue('Saved words. Unsaved words.');
  await expect(page.getByRole('button', { name: 'Copy text' })).toBeVisible();
  await expect(text(page)).toHaveCount(0);
  expect(await stored(script, id)).toBe('Saved words.');
});

test.describe('versions', () => {
  // Every save keeps what it replaces.
  test.use({ environment: { HUBBUB_DOCUMENT_VERSION_SECS: '1' } });

  test('an earlier version is read and restored', async ({ enter, server }) => {
    const script = await server.as('ada');
    const { id, path } = await make(script, LOBBY, 'History');
    const ada = await enter('Ada');
    await ada.goto(server.url + path);
    // At once, for one save each: what was typed slowly would have been saved half, and that kept too.
    await text(ada).focus();
    await ada.keyboard.insertText('The first text.');
    await expect.poll(() => stored(script, id)).toBe('The first text.');
    await expect(saveState(ada)).toHaveText('Saved');
    await text(ada).press('Control+a');
    await ada.keyboard.insertText('Something else.');
    await expect.poll(() => stored(script, id)).toBe('Something else.');
    await ada.getByRole('button', { name: 'Details of History' }).click();
    await ada.getByRole('button', { name: 'Version history' }).click();
    await ada.getByRole('list', { name: 'Versions' }).getByRole('button').last().click();
    await expect(ada.getByLabel('Text of this version')).toHaveText('The first text.');
    await ada.getByRole('button', { name: 'Restore this version' }).click();
    await expect(text(ada)).toHaveText('The first text.');
  });
});

test('a room goes on while its document is open', async ({ enter, server }) => {
  const { path } = await make(await server.as('ada'), LOBBY, 'Side');
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await ada.goto(server.url + path);
  await expect(text(ada)).toBeVisible();
  await send(grace, 'Look at the chat');
  await expect(ada.getByRole('link', { name: /^Lobby.*new/ })).toBeVisible();
  await ada.getByRole('link', { name: 'Back to Lobby' }).click();
  await expect(rows(ada, 'Look at the chat')).toBeVisible();
});

test('on a phone the documents are one tap away, and nothing is wider than the screen', async ({ enter, server }) => {
  const { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch } = devices['Pixel 7'];
  await make(await server.as('ada'), LOBBY, 'A title that is much longer than any phone is wide, by far');
  const ada = await enter('Ada', { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch });
  await ada.getByRole('button', { name: 'Documents' }).tap();
  await ada
    .getByRole('dialog')
    .getByRole('link', { name: /A title/ })
    .tap();
  await text(ada).tap();
  await text(ada).pressSequentially(`${'x'.repeat(300)}\n| ${'column | '.repeat(30)}`);
  expect(await ada.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});

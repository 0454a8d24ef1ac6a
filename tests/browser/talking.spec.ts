// Two people, two browsers: everything is live, and everything is there once.

import { WORKSHOP, LOBBY, choose, composer, expect, rows, send, test, texts } from './hubbub';

test('a message each way appears without a refresh, and once', async ({ enter, server }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'Hello from **Ada**');
  await expect(grace.getByRole('log').getByText('Hello from Ada')).toBeVisible();
  await send(grace, 'Hello from Grace');
  await expect(ada.getByRole('log').getByText('Hello from Grace')).toBeVisible();
  for (const page of [ada, grace]) {
    await expect(rows(page, 'Hello from')).toHaveCount(2);
    await expect(page.getByRole('log').locator('strong', { hasText: 'Ada' }).last()).toBeVisible();
  }
  const stored = await (await server.as('ada')).texts(LOBBY);
  expect(stored.filter((text) => text.startsWith('Hello from'))).toEqual(['Hello from **Ada**', 'Hello from Grace']);
});

test('a message posted by a script appears in the page', async ({ enter, server }) => {
  const grace = await enter('Grace');
  await (await server.as('ada')).post(LOBBY, 'From a script');
  await expect(rows(grace, 'From a script')).toHaveCount(1);
});

test('messages keep their order when they are written quickly', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  const written = Array.from({ length: 12 }, (_, index) => `Quick ${index + 1}`);
  for (const text of written) await send(ada, text);
  await expect(rows(grace, 'Quick 12')).toBeVisible();
  await expect(rows(ada, 'Quick 12')).toBeVisible();
  expect(await texts(grace, 'Quick')).toEqual(written);
  expect(await texts(ada, 'Quick')).toEqual(written);
});

test('an edit replaces the text in the other browser, and says so', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'A tpyo');
  await expect(rows(grace, 'A tpyo')).toBeVisible();
  await choose(ada, 'A tpyo', 'Edit');
  await ada.getByRole('textbox', { name: 'Edit message' }).fill('A typo');
  await ada.getByRole('textbox', { name: 'Edit message' }).press('Enter');
  await expect(rows(grace, 'A typo')).toContainText('edited');
  await expect(rows(grace, 'A tpyo')).toHaveCount(0);
  await expect(composer(ada)).toBeFocused();
});

test('the arrow up edits what one wrote last, and Esc leaves it as it was', async ({ enter }) => {
  const ada = await enter('Ada');
  await send(ada, 'The last word');
  await expect(rows(ada, 'The last word')).toBeVisible();
  const edit = ada.getByRole('textbox', { name: 'Edit message' });
  await expect(async () => {
    await composer(ada).press('ArrowUp');
    await expect(edit).toHaveValue('The last word', { timeout: 500 });
  }).toPass();
  await edit.fill('Something else');
  await edit.press('Escape');
  await expect(rows(ada, 'The last word')).toBeVisible();
  await expect(composer(ada)).toBeFocused();
});

test('a deleted message loses its text in both browsers', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(grace, 'Regretted');
  await expect(rows(ada, 'Regretted')).toBeVisible();
  await choose(grace, 'Regretted', 'Delete');
  await grace.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const page of [ada, grace]) {
    await expect(rows(page, 'This message was deleted.')).toHaveCount(1);
    await expect(rows(page, 'Regretted')).toHaveCount(0);
  }
});

test('an administrator may delete what others wrote, and others may not', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'By Ada');
  await send(grace, 'By Grace');
  await rows(grace, 'By Ada').hover();
  await expect(rows(grace, 'By Ada').getByRole('button', { name: 'Copy link' })).toBeVisible();
  await expect(rows(grace, 'By Ada').getByRole('button', { name: 'Delete' })).toHaveCount(0);
  await choose(ada, 'By Grace', 'Delete');
  await ada.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(rows(grace, 'By Grace')).toHaveCount(0);
});

test('typing is seen by the others, and is over when the message comes', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await expect(ada.getByRole('button', { name: 'People: 2 here' })).toBeVisible();
  await composer(grace).pressSequentially('Let me see');
  await expect(ada.getByText('Grace Hopper is typing')).toBeVisible();
  await expect(grace.getByText('is typing')).toHaveCount(0);
  await composer(grace).press('Enter');
  await expect(rows(ada, 'Let me see')).toBeVisible();
  await expect(ada.getByText('is typing')).toHaveCount(0);
});

test('typing that is given up is over, too', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await expect(grace.getByRole('button', { name: 'People: 2 here' })).toBeVisible();
  await composer(ada).pressSequentially('Hm');
  await expect(grace.getByText('Ada Lovelace is typing')).toBeVisible();
  await composer(ada).fill('');
  await expect(grace.getByText('is typing')).toHaveCount(0);
});

test('who is here is who has the room on screen', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  const here = ada.getByRole('list', { name: 'Here now' });
  await expect(here.getByRole('listitem')).toHaveCount(2);
  await grace.getByRole('link', { name: 'Workshop' }).click();
  await expect(here.getByRole('listitem')).toHaveCount(1);
  await grace.getByRole('link', { name: 'Lobby' }).click();
  await expect(here.getByText('Grace Hopper')).toBeVisible();
  await grace.context().close();
  await expect(here.getByText('Grace Hopper')).toHaveCount(0);
});

test('unread messages are counted until they are seen, the same on every device', async ({ enter, server }) => {
  const [ada, elsewhere] = [await enter('Ada'), await enter('Ada', { roomId: WORKSHOP })];
  const grace = await server.as('grace');
  await expect(ada.getByRole('link', { name: 'Workshop' })).toHaveText(/^Workshop\s*$/);
  await elsewhere.getByRole('link', { name: 'Lobby' }).click();
  await expect(elsewhere.getByRole('log', { name: 'Messages in Lobby' })).toBeVisible();
  for (const text of ['One', 'Two', 'Three']) await grace.post(WORKSHOP, text);
  for (const page of [ada, elsewhere]) {
    await expect(page.getByRole('link', { name: /Workshop/ })).toContainText('3 new');
    await expect(page).toHaveTitle('(3) Lobby · Hubbub');
  }
  await ada.getByRole('link', { name: /Workshop/ }).click();
  await expect(ada.getByRole('log').getByText('New', { exact: true })).toBeVisible();
  for (const page of [ada, elsewhere]) {
    await expect(page.getByRole('link', { name: /Workshop/ })).not.toContainText('new');
  }
  await expect(ada).toHaveTitle('Workshop · Hubbub');
});

test('older messages load above without moving what is read', async ({ enter, server }) => {
  const grace = await server.as('grace');
  const room = await grace.createRoom('Archive', 'closed', [1]);
  for (let number = 1; number <= 130; number += 1) await grace.post(room, `Line ${number}`);
  const ada = await enter('Ada', { roomId: room });
  const log = ada.getByRole('log');
  await log.getByText('Line 130', { exact: true }).scrollIntoViewIfNeeded();
  await expect(log.getByText('Line 90', { exact: true })).toBeAttached();
  for (const line of ['Line 85', 'Line 40', 'Line 1']) {
    await expect(async () => {
      await log.evaluate((element) => element.scrollBy(0, -2_000));
      await expect(log.getByText(line, { exact: true })).toBeAttached({ timeout: 200 });
    }).toPass();
  }
  await log.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  const line = log.getByText('Line 60', { exact: true });
  await line.scrollIntoViewIfNeeded();
  const before = await line.boundingBox();
  await grace.post(room, 'Line 131');
  await expect(ada.getByRole('button', { name: '1 new ↓' })).toBeVisible();
  const moved = ((await line.boundingBox())?.y ?? 0) - (before?.y ?? 0);
  expect(Math.abs(moved)).toBeLessThanOrEqual(1);
  await ada.getByRole('button', { name: '1 new ↓' }).click();
  await expect(log.getByText('Line 131', { exact: true })).toBeInViewport();
  expect(await texts(ada, 'Line')).toEqual(numbersOf(131));
});

function numbersOf(last: number): string[] {
  return Array.from({ length: last }, (_, index) => `Line ${index + 1}`);
}

test('a link to a message opens around it and marks it', async ({ enter, server }) => {
  const grace = await server.as('grace');
  const room = await grace.createRoom('Archive', 'closed', [1]);
  const posted = [];
  for (let number = 1; number <= 150; number += 1) posted.push(await grace.post(room, `Line ${number}`));
  const ada = await enter('Ada');
  await ada.goto(`${server.url}/rooms/${room}?message=${posted[19].id}`);
  const line = ada.getByRole('article').filter({ has: ada.getByText('Line 20', { exact: true }) });
  await expect(line).toBeInViewport();
  await expect(line).toHaveClass(/marked/);
  await ada.getByRole('button', { name: /↓/ }).click();
  await expect(rows(ada, 'Line 150')).toBeInViewport();
  await expect(ada).toHaveURL(`${server.url}/rooms/${room}`);
});

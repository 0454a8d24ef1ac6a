// Bad networks: what is missed is fetched, what is written is kept, and nothing is doubled.

import { LOBBY, composer, expect, rows, send, test, texts } from './hubbub';

test('a reload shows the same, and keeps what was being written', async ({ enter }) => {
  const ada = await enter('Ada');
  await send(ada, 'Before the reload');
  await expect(rows(ada, 'Before the reload')).toBeVisible();
  await composer(ada).fill('Half a thought');
  await ada.reload();
  await expect(rows(ada, 'Before the reload')).toHaveCount(1);
  await expect(composer(ada)).toHaveValue('Half a thought');
});

test('a page catches up with what happened while it and the server were down', async ({ enter, server }) => {
  const ada = await enter('Ada');
  const script = await server.as('grace');
  const first = await script.post(LOBBY, 'Event one');
  await expect(rows(ada, 'Event one')).toBeVisible();
  await ada.context().setOffline(true);
  await server.stop();
  await expect(ada.getByText(/^(Offline|Reconnecting)/)).toBeVisible();
  await server.start();
  const grace = await server.as('grace');
  const second = await grace.post(LOBBY, 'Event two');
  await grace.post(LOBBY, 'Event three');
  await grace.call('PATCH', `/rooms/${LOBBY}/messages/${first.id}`, { body: 'Event one, edited' });
  await grace.call('DELETE', `/rooms/${LOBBY}/messages/${second.id}`);
  await grace.post(LOBBY, 'Event four');
  await ada.context().setOffline(false);
  await expect(rows(ada, 'Event four')).toBeVisible({ timeout: 30_000 });
  expect(await texts(ada, 'Event')).toEqual(['Event one, edited', 'Event three', 'Event four']);
  await expect(rows(ada, 'This message was deleted.')).toHaveCount(1);
  await expect(ada.getByText(/^(Offline|Reconnecting)/)).toHaveCount(0);
  await grace.post(LOBBY, 'Event five');
  await expect(rows(ada, 'Event five')).toHaveCount(1);
});

test('messages written while the server is down are sent in order when it is back, once', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await server.stop();
  for (const text of ['Waiting one', 'Waiting two', 'Waiting three']) await send(ada, text);
  await expect(ada.getByText('3 messages waiting')).toBeVisible();
  await expect(composer(ada)).toBeEditable();
  await server.start();
  await expect(ada.getByText(/messages? waiting/)).toHaveCount(0, { timeout: 30_000 });
  const expected = ['Waiting one', 'Waiting two', 'Waiting three'];
  expect((await (await server.as('ada')).texts(LOBBY)).slice(-3)).toEqual(expected);
  expect(await texts(ada, 'Waiting')).toEqual(expected);
});

test('a post whose answer was lost is retried and not doubled', async ({ enter, server }) => {
  const ada = await enter('Ada');
  let attempts = 0;
  // No socket, so that the echo cannot settle what the answer did not.
  await ada.context().setOffline(true);
  await ada.context().setOffline(false);
  await ada.routeWebSocket(/\/app\//, (socket) => void socket.close());
  await ada.reload();
  await ada.route('**/messages', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    attempts += 1;
    if (attempts > 1) return route.continue();
    await route.fetch();
    await route.abort('connectionreset');
  });
  await send(ada, 'Said once');
  await expect.poll(() => attempts, { timeout: 20_000 }).toBe(2);
  await expect(ada.getByText('waiting', { exact: false })).toHaveCount(0, { timeout: 20_000 });
  await expect(rows(ada, 'Said once')).toHaveCount(1);
  const stored = await (await server.as('ada')).texts(LOBBY);
  expect(stored.filter((text) => text === 'Said once')).toHaveLength(1);
});

test('a page that gets no socket is slow, but not blind', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.routeWebSocket(/\/app\//, (socket) => void socket.close());
  await ada.reload();
  await expect(ada.getByText('Connecting…')).toBeVisible();
  await (await server.as('grace')).post(LOBBY, 'Can you see this?');
  await expect(rows(ada, 'Can you see this?')).toBeVisible({ timeout: 30_000 });
});

test('a message that the server refuses can be tried again, changed or given up', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.route('**/messages', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const problem = { code: 'invalid_text', detail: 'The message contains a control character.' };
    await route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
  for (const text of ['Refused one', 'Refused two', 'Refused three']) await send(ada, text);
  const refused = ada.getByRole('log').getByRole('article').filter({ hasText: 'Not sent.' });
  await expect(refused).toHaveCount(3);
  await expect(refused.first()).toContainText('The message contains a control character.');
  await ada.unroute('**/messages');
  await rows(ada, 'Refused one').getByRole('button', { name: 'Try again' }).click();
  await rows(ada, 'Refused two').getByRole('button', { name: 'Discard' }).click();
  await rows(ada, 'Refused three').getByRole('button', { name: 'Edit' }).click();
  await expect(composer(ada)).toHaveValue('Refused three');
  await expect(composer(ada)).toBeFocused();
  await expect(refused).toHaveCount(0);
  await expect.poll(async () => (await (await server.as('ada')).texts(LOBBY)).at(-1)).toBe('Refused one');
});

test('what waits survives a reload', async ({ enter, server }) => {
  const ada = await enter('Ada');
  const block = '**/rooms/*/messages';
  await ada.route(block, (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await send(ada, 'Kept one');
  await send(ada, 'Kept two');
  await expect(ada.getByText('2 messages waiting')).toBeVisible();
  await ada.reload();
  await expect(rows(ada, 'Kept')).toHaveCount(2);
  await ada.unroute(block);
  await expect(ada.getByText(/messages? waiting/)).toHaveCount(0, { timeout: 30_000 });
  expect((await (await server.as('ada')).texts(LOBBY)).slice(-2)).toEqual(['Kept one', 'Kept two']);
  expect(await texts(ada, 'Kept')).toEqual(['Kept one', 'Kept two']);
});

test('a page that is opened while the server is down comes up when the server does', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.route('**/api/v1/instance', (route) => route.abort());
  await ada.reload();
  await expect(ada.getByText('The server cannot be reached')).toBeVisible();
  await ada.unroute('**/api/v1/instance');
  await expect(ada.getByRole('log')).toBeVisible();
  expect(server.url).not.toBe('');
});

// Where addresses lead: back, forward, wrong ones, invitations, and links in messages.

import { devices } from '@playwright/test';

import { LOBBY, composer, expect, rows, send, test } from './hubbub';

const { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch } = devices['Pixel 7'];
const phone = { viewport, userAgent, deviceScaleFactor, isMobile, hasTouch };

test('the back button of a phone closes the dialog first, then the drawer, then goes back', async ({
  enter,
  server,
}) => {
  const ada = await enter('Ada', phone);
  const rooms = ada.getByRole('navigation', { name: 'Rooms' });
  await ada.getByRole('button', { name: 'Rooms' }).tap();
  await rooms.getByRole('link', { name: /Workshop/ }).tap();
  await expect(ada).toHaveURL(`${server.url}/rooms/2`);
  await ada.getByRole('button', { name: 'Rooms' }).tap();
  await rooms.getByRole('button', { name: /Settings/ }).tap();
  await expect(ada.getByRole('dialog')).toBeVisible();
  await ada.goBack();
  await expect(ada.getByRole('dialog')).toHaveCount(0);
  await expect(rooms).toBeVisible();
  await ada.goBack();
  await expect(rooms).toBeHidden();
  await expect(ada).toHaveURL(`${server.url}/rooms/2`);
  await ada.goBack();
  await expect(ada).toHaveURL(`${server.url}/rooms/1`);
});

test('a dialog that was closed leaves nothing to go back through', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.getByRole('link', { name: /Workshop/ }).click();
  await expect(ada).toHaveURL(`${server.url}/rooms/2`);
  for (let times = 0; times < 3; times += 1) {
    await ada.getByRole('button', { name: /Settings$/ }).click();
    await expect(ada.getByRole('dialog')).toBeVisible();
    await ada.keyboard.press('Escape');
    await expect(ada.getByRole('dialog')).toHaveCount(0);
  }
  await ada.keyboard.press('Control+k');
  await ada.keyboard.type('lob');
  await ada.keyboard.press('Enter');
  await expect(ada).toHaveURL(`${server.url}/rooms/1`);
  await ada.goBack();
  await expect(ada).toHaveURL(`${server.url}/rooms/2`);
  await ada.goBack();
  await expect(ada).toHaveURL(`${server.url}/rooms/1`);
});

test('an address without a page says so', async ({ enter, server }) => {
  const ada = await enter('Ada');
  for (const path of ['/nothing/here', '/rooms', '/settings']) {
    await ada.goto(server.url + path);
    await expect(ada.getByRole('heading', { name: 'Page not found' })).toBeVisible();
    await expect(ada).toHaveURL(server.url + path);
  }
  await ada.getByRole('link', { name: 'Go to your rooms' }).click();
  await expect(ada.getByRole('log')).toBeVisible();
});

test('an invitation that is opened while signed in says what it is for', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.goto(`${server.url}/sign-up?invite=abc`);
  await expect(ada.getByRole('heading', { name: 'You are already signed in' })).toBeVisible();
  await expect(ada.getByText('You are signed in as Ada Lovelace.')).toBeVisible();
  await ada.getByRole('button', { name: 'Sign out and use the invitation' }).click();
  await expect(ada.getByRole('form', { name: 'Create an account' })).toBeVisible();
});

test('links to this server open here, and none leads to JSON', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await send(
    ada,
    `[room](${server.url}/rooms/2) [other](https://example.org/) [call](tel:+441234) [json](${server.url}/api/v1/rooms)`,
  );
  const row = rows(ada, 'other');
  await expect(row.getByText('json')).not.toHaveAttribute('href');
  await expect(row.getByRole('link', { name: 'call' })).toHaveAttribute('href', 'tel:+441234');
  await expect(row.getByRole('link', { name: 'other' })).toHaveAttribute('rel', /noopener/);
  await row.getByRole('link', { name: 'room' }).click();
  await expect(ada).toHaveURL(`${server.url}/rooms/2`);
  expect(ada.context().pages()).toHaveLength(1);
});

test('who made a room writes in it at once', async ({ enter }) => {
  const ada = await enter('Ada');
  await ada.getByRole('button', { name: 'New room' }).click();
  await ada.getByLabel('Name', { exact: true }).fill('Garden');
  await ada.getByRole('button', { name: 'Create room' }).click();
  await expect(ada.getByRole('heading', { name: 'Garden' })).toBeVisible();
  await expect(composer(ada)).toBeFocused();
});

test('errors of fields are red, and name no setting to people', async ({ enter }) => {
  const grace = await enter('Grace');
  await grace.route('**/api/v1/rooms', (route) =>
    route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        code: 'room_name_too_long',
        detail: 'x',
        errors: [{ field: 'name', detail: 'A name has at most 80 characters (HUBBUB_MAX_ROOM_NAME_CHARS).' }],
      }),
    }),
  );
  await grace.getByRole('button', { name: 'New room' }).click();
  await grace.getByLabel('Name', { exact: true }).fill('Long');
  await grace.getByRole('button', { name: 'Create room' }).click();
  const error = grace.getByText('A name has at most 80 characters.', { exact: true });
  await expect(error).toBeVisible();
  const colours = await error.evaluate((text) => {
    const probe = document.createElement('span');
    probe.style.color = 'var(--danger)';
    document.body.append(probe);
    return [getComputedStyle(text).color, getComputedStyle(probe).color];
  });
  expect(colours[0]).toBe(colours[1]);
});

test('more people than a search answers with are not all here already', async ({ enter }) => {
  const ada = await enter('Ada', { roomId: LOBBY });
  const everybody = Array.from({ length: 100 }, (_, index) => ({
    id: index < 2 ? index + 1 : 2,
    username: `user${index}`,
    name: `User ${index}`,
    role: 'member',
  })).filter((_, index) => index < 2);
  await ada.route('**/api/v1/users?*', (route) => route.fulfill({ json: { items: everybody } }));
  await ada.getByRole('button', { name: 'Invite people', exact: true }).click();
  await expect(ada.getByText('No more people to add.')).toBeVisible();
  await expect(ada.getByRole('heading', { name: /^Invite people to Hubbub/ })).toBeVisible();
});

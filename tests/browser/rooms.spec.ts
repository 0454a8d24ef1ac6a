// Rooms: making, inviting, joining, leaving, being removed; each seen at once in every browser that it concerns.

import { WORKSHOP, LOBBY, composer, expect, rows, send, test } from './hubbub';

test('a closed room is made with people in it, who see it at once', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await ada.getByRole('button', { name: 'New room' }).click();
  const dialog = ada.getByRole('dialog', { name: 'New room' });
  await dialog.getByLabel('Name', { exact: true }).fill('Secret plans');
  await dialog.getByLabel('Topic').fill('Not for everybody');
  await dialog.getByRole('radio', { name: /^Closed/ }).check();
  await dialog.getByRole('button', { name: 'Add Grace Hopper' }).click();
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(ada.getByRole('heading', { name: 'Secret plans' })).toBeVisible();
  await expect(ada.getByText('No messages yet')).toBeVisible();
  await send(ada, 'First');
  await expect(grace.getByRole('link', { name: /Secret plans/ })).toContainText('1 new');
  await grace.getByRole('link', { name: /Secret plans/ }).click();
  await expect(rows(grace, 'First')).toBeVisible();
  await send(grace, 'Second');
  await expect(rows(ada, 'Second')).toBeVisible();
});

test('somebody who is invited later sees the room at once', async ({ enter, server }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  const room = await (await server.as('ada')).createRoom('Later');
  await ada.getByRole('link', { name: 'Later' }).click();
  await ada.getByRole('button', { name: 'Invite people', exact: true }).click();
  await ada.getByRole('searchbox').fill('gra');
  await ada.getByRole('button', { name: 'Invite Grace Hopper' }).click();
  await expect(ada.getByText('Grace Hopper was added to Later.')).toBeVisible();
  await grace.getByRole('link', { name: 'Later' }).click();
  await expect(grace).toHaveURL(`${server.url}/rooms/${room}`);
  await send(grace, 'Thank you');
  await ada.keyboard.press('Escape');
  await expect(rows(ada, 'Thank you')).toBeVisible();
});

test('an open room is joined from the list', async ({ enter, server }) => {
  const room = await (await server.as('ada')).createRoom('Garden', 'open');
  const grace = await enter('Grace');
  await grace.getByRole('link', { name: 'Garden' }).click();
  await expect(composer(grace)).toHaveCount(0);
  await grace.getByRole('button', { name: 'Join Garden' }).click();
  await send(grace, 'Good morning');
  await expect(rows(grace, 'Good morning')).toBeVisible();
  expect(await (await server.as('ada')).texts(room)).toEqual(['Good morning']);
});

test('a new name and topic are seen by everybody', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await ada.getByRole('button', { name: 'Details of Lobby' }).click();
  await ada.getByLabel('Name', { exact: true }).fill('Grand hall');
  await ada.getByLabel('Topic').fill('With an echo');
  await ada.getByRole('button', { name: 'Save' }).click();
  await expect(grace.getByRole('heading', { name: 'Grand hall' })).toBeVisible();
  await expect(grace.getByText('With an echo')).toBeVisible();
  await expect(grace.getByRole('link', { name: 'Grand hall' })).toBeVisible();
  await grace.getByRole('button', { name: 'Details of Grand hall' }).click();
  await expect(grace.getByRole('dialog').getByLabel('Topic')).toHaveCount(0);
});

test('whoever leaves an open room may join it again', async ({ enter }) => {
  const grace = await enter('Grace');
  await grace.getByRole('button', { name: 'Details of Lobby' }).click();
  await grace.getByRole('button', { name: 'Leave room' }).click();
  await grace.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(grace.getByRole('heading', { name: 'Workshop' })).toBeVisible();
  await grace.getByRole('link', { name: 'Lobby' }).click();
  await grace.getByRole('button', { name: 'Join Lobby' }).click();
  await expect(rows(grace, 'Welcome to Hubbub')).toBeVisible();
});

test('whoever is removed sees it at once, in every window, and hears nothing more', async ({ enter, server }) => {
  const ada = await enter('Ada', { roomId: WORKSHOP });
  const [grace, elsewhere] = [await enter('Grace', { roomId: WORKSHOP }), await enter('Grace')];
  const people = ada.getByRole('complementary', { name: 'People' });
  await people.getByText('Grace Hopper').hover();
  await people.getByRole('button', { name: 'Remove Grace Hopper' }).click();
  await ada.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(grace.getByRole('heading', { name: 'You are no longer a member of Workshop' })).toBeVisible();
  await expect(elsewhere.getByRole('link', { name: /Workshop/ })).toHaveCount(0);
  await send(ada, 'She cannot hear this');
  await expect(rows(ada, 'She cannot hear this')).toBeVisible();
  await (await server.as('ada')).post(LOBBY, 'She can hear this');
  await expect(elsewhere.getByText('She can hear this')).toBeVisible();
  await expect(grace.getByText('She cannot hear this')).toHaveCount(0);
  await expect(people.getByText('Grace Hopper')).toHaveCount(0);
});

test('a room that is closed to somebody looks like one that does not exist', async ({ enter, server }) => {
  const room = await (await server.as('ada')).createRoom('Closed to Grace');
  const grace = await enter('Grace');
  for (const id of [room, 999]) {
    await grace.goto(`${server.url}/rooms/${id}`);
    await expect(grace.getByRole('heading', { name: 'Room not found' })).toBeVisible();
  }
  await grace.getByRole('link', { name: 'Go to your rooms' }).click();
  await expect(grace.getByRole('log')).toBeVisible();
});

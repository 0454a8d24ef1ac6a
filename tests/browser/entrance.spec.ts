// Coming in and going out.

import { expect, rows, send, test } from './hubbub';

test.describe('a new server', () => {
  test.use({ isDemo: false });

  test('makes its first visitor the administrator, who invites the others', async ({ open }) => {
    const ada = await open('/');
    await expect(ada.getByText('There are no accounts yet.')).toBeVisible();
    await ada.getByLabel('Your name').fill('Ada Lovelace');
    await expect(ada.getByLabel('Username')).toHaveValue('ada');
    await ada.getByLabel('Password').fill('short');
    await ada.getByRole('button', { name: 'Create administrator account' }).click();
    await expect(ada.getByText(/A password has at least 10 characters/)).toBeVisible();
    await ada.getByLabel('Password').fill('correct horse battery');
    await ada.getByRole('button', { name: 'Create administrator account' }).click();
    await expect(ada.getByRole('heading', { name: 'You have not joined a room yet' })).toBeVisible();

    await ada.getByRole('button', { name: 'Create a room' }).click();
    await ada.getByLabel('Name', { exact: true }).fill('Lounge');
    await ada.getByRole('button', { name: 'Create room' }).click();
    await expect(ada.getByRole('heading', { name: 'Lounge' })).toBeVisible();

    await ada.getByRole('button', { name: 'Settings' }).click();
    await ada.getByRole('button', { name: 'Create invitation' }).click();
    const link = await ada.getByRole('textbox', { name: 'Invitation link' }).inputValue();

    const stranger = await open('/');
    await expect(stranger.getByText('Ask an administrator for an invitation.')).toBeVisible();
    const invited = new URL(link);
    const grace = await open(invited.pathname + invited.search);
    await expect(grace.getByText('You have been invited.')).toBeVisible();
    await expect(grace.getByLabel('Invitation code')).toHaveCount(0);
    await grace.getByLabel('Your name').fill('Grace Hopper');
    await grace.getByLabel('Password').fill('another long password');
    await grace.getByRole('button', { name: 'Create account' }).click();
    // A newcomer is taken into the oldest open room.
    await expect(grace.getByRole('heading', { name: 'Lounge' })).toBeVisible();
    await send(grace, 'Here I am');
    await ada.keyboard.press('Escape');
    await expect(rows(ada, 'Here I am')).toBeVisible();
  });
});

test('a wrong password is told, and the right one lets in', async ({ open }) => {
  const page = await open('/');
  await page.getByLabel('Username').fill('grace');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Password').fill('hubbub-demo');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('log')).toBeVisible();
});

test('whoever signs out is out, in every tab, and comes back to the same room', async ({ enter, server }) => {
  const ada = await enter('Ada');
  const tab = await ada.context().newPage();
  await tab.goto(`${server.url}/rooms/2`);
  await expect(tab.getByRole('log')).toBeVisible();
  await ada.getByRole('button', { name: 'Settings' }).click();
  await ada.getByRole('button', { name: 'Sign out' }).click();
  for (const page of [ada, tab])
    await expect(page.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
  await ada.reload();
  await expect(ada.getByRole('heading', { name: 'Sign in', exact: true })).toBeVisible();
});

test.describe('when access tokens live for a moment', () => {
  test.use({ environment: { HUBBUB_ACCESS_TOKEN_SECS: '1' } });

  test('the page renews them, and nobody notices', async ({ enter }) => {
    const [ada, grace] = [await enter('Ada'), await enter('Grace')];
    for (const text of ['Fresh one', 'Fresh two', 'Fresh three']) {
      await send(ada, text);
      await expect(rows(grace, text)).toBeVisible();
    }
    await ada.reload();
    await expect(rows(ada, 'Fresh three')).toBeVisible();
  });
});

test('the command in the settings posts to the room', async ({ enter }) => {
  const ada = await enter('Ada');
  await ada.getByRole('button', { name: 'Settings' }).click();
  await ada.getByLabel('Token name').fill('deploy script');
  await ada.getByLabel('Token name').press('Enter');
  const command = await ada.getByRole('textbox', { name: 'Command' }).inputValue();
  await run(command);
  await ada.keyboard.press('Escape');
  await expect(rows(ada, 'hello from curl')).toHaveCount(1);
  await ada.getByRole('button', { name: 'Settings' }).click();
  await ada.getByRole('button', { name: 'Revoke deploy script' }).click();
  await expect(ada.getByRole('button', { name: 'Revoke deploy script' })).toHaveCount(0);
  expect(await run(command)).toContain('token_invalid');
});

test('the command that the server prints posts to the lobby', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await run(server.curlLine);
  await expect(rows(ada, 'Hello from curl')).toHaveCount(1);
});

async function run(command: string): Promise<string> {
  const { promisify } = await import('node:util');
  const { exec } = await import('node:child_process');
  return (await promisify(exec)(command)).stdout;
}

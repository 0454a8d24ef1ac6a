// The timeline of a message: its six steps, as its author and as somebody else see them.

import { choose, expect, send, rows, test } from './hubbub';

const STEPS = ['Posted', 'Stored', 'Dispatched', 'Broadcast', 'Received', 'Answered'];

test('the author sees all six steps with their times', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'Follow me');
  await expect(rows(grace, 'Follow me')).toBeVisible();
  await choose(ada, 'Follow me', 'How did this get here?');
  const dialog = ada.getByRole('dialog', { name: 'How did this get here?' });
  await expect(dialog.getByRole('heading', { level: 3 })).toHaveText(STEPS);
  await expect(dialog.getByRole('listitem').filter({ hasText: 'unknown' })).toHaveCount(0);
  await expect(dialog).toContainText('written to 2 sockets');
  await expect(dialog).toContainText('post_message');
  await expect(dialog.getByRole('img', { name: /^Timeline: posted 0, arrived/ })).toBeVisible();
  await dialog.getByLabel('To scale').check();
  await expect(dialog.getByRole('img')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(dialog).toHaveCount(0);
});

test('somebody else sees the server’s steps and the arrival in their own page', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'Follow me');
  await expect(rows(grace, 'Follow me')).toBeVisible();
  await choose(grace, 'Follow me', 'How did this get here?');
  const steps = grace.getByRole('dialog').getByRole('listitem');
  await expect(steps.nth(0)).toContainText('Ada Lovelace sent the POST.');
  await expect(steps.nth(1)).toContainText(/\d (µs|ms)/);
  await expect(steps.nth(4)).toContainText('The event came in over the socket');
});

test.describe('when the server has forgotten', () => {
  test.use({ environment: { HUBBUB_FLOW_ENTRIES: '0' } });

  test('the view says so, and still tells the steps', async ({ enter }) => {
    const ada = await enter('Ada');
    await choose(ada, 'Welcome to Hubbub', 'How did this get here?');
    const dialog = ada.getByRole('dialog');
    await expect(dialog).toContainText('The server no longer has the times of this message.');
    await expect(dialog.getByRole('heading', { level: 3 })).toHaveText(STEPS);
  });
});

// Reactions and replies: seen at once in the other browser, by mouse and by keyboard.

import { LOBBY, choose, composer, expect, rows, send, test } from './hubbub';

test('a reaction appears in the other browser, and goes again', async ({ enter, server }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'Ship it?');
  await choose(grace, 'Ship it?', 'React with 👍');
  await expect(rows(ada, 'Ship it?').getByRole('button', { name: /^👍 1: Grace Hopper/ })).toBeVisible();
  await rows(ada, 'Ship it?').getByRole('button', { name: /^👍 1/ }).click();
  const both = rows(grace, 'Ship it?').getByRole('button', { name: '👍 2: You and Ada Lovelace' });
  await expect(both).toHaveAttribute('aria-pressed', 'true');
  await both.click();
  await expect(rows(ada, 'Ship it?').getByRole('button', { name: '👍 1: You' })).toBeVisible();
  await ada.reload();
  await expect(rows(ada, 'Ship it?').getByRole('button', { name: '👍 1: You' })).toBeVisible();
  const { items } = await (await server.as('ada')).call('GET', `/rooms/${LOBBY}/messages`);
  expect(items.at(-1).reactions).toMatchObject([{ count: 1, users: [{ username: 'ada' }] }]);
});

test('any emoji is found by what it is called', async ({ enter }) => {
  const ada = await enter('Ada');
  await send(ada, 'Lunch');
  await choose(ada, 'Lunch', 'Add a reaction');
  const dialog = ada.getByRole('dialog', { name: 'Add a reaction' });
  await dialog.getByRole('searchbox').fill('no such thing');
  await expect(dialog.getByText('No emoji is called that.')).toBeVisible();
  await dialog.getByRole('searchbox').fill('pizza');
  await dialog.getByRole('button', { name: 'pizza' }).click();
  await expect(rows(ada, 'Lunch').getByRole('button', { name: '🍕 1: You' })).toBeVisible();
});

test('an answer quotes what it answers, leads there, and follows its changes', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  await send(ada, 'When is **lunch**?');
  await choose(grace, 'When is lunch?', 'Reply');
  await expect(composer(grace)).toBeFocused();
  await expect(grace.getByText('Reply to Ada Lovelace')).toBeVisible();
  await composer(grace).press('Escape');
  await expect(grace.getByText('Reply to Ada Lovelace')).toHaveCount(0);
  await choose(grace, 'When is lunch?', 'Reply');
  await send(grace, 'At noon');
  const quote = rows(ada, 'At noon').getByRole('link', { name: /Answers Ada Lovelace When is lunch\?/ });
  await expect(quote).toBeVisible();
  await expect(grace.getByText('Reply to Ada Lovelace')).toHaveCount(0);
  await quote.click();
  await expect(ada).toHaveURL(/\?message=\d+$/);

  const asked = rows(ada, 'When is lunch?').filter({ hasNotText: 'At noon' });
  await asked.hover();
  await asked.getByRole('button', { name: 'Edit' }).click();
  await ada.getByRole('textbox', { name: 'Edit message' }).fill('When is dinner?');
  await ada.getByRole('textbox', { name: 'Edit message' }).press('Enter');
  await expect(rows(grace, 'At noon')).toContainText('When is dinner?');
});

// Everything by keyboard.

import { WORKSHOP, composer, expect, rows, test } from './hubbub';

test('somebody without a mouse enters, writes, and reads how the message got there', async ({ open }) => {
  const ada = await open('/rooms/1');
  await expect(ada.getByRole('button', { name: /^Ada/ })).toBeVisible();
  await ada.keyboard.press('Tab');
  await expect(ada.getByRole('button', { name: /^Ada/ })).toBeFocused();
  await ada.keyboard.press('Enter');
  await expect(composer(ada)).toBeFocused();
  await ada.keyboard.type('First line');
  await ada.keyboard.press('Shift+Enter');
  await ada.keyboard.type('second line');
  await ada.keyboard.press('Enter');
  await expect(rows(ada, 'second line')).toBeVisible();
  // Between the two there may be a link, or a block of code that scrolls.
  await expect(async () => {
    await ada.keyboard.press('Shift+Tab');
    await expect(ada.getByRole('log')).toBeFocused({ timeout: 100 });
  }).toPass();
  await ada.keyboard.press('ArrowUp');
  await expect(rows(ada, 'second line')).toBeFocused();
  await ada.keyboard.press('f');
  await expect(ada.getByRole('dialog', { name: 'How did this get here?' })).toBeVisible();
  await ada.keyboard.press('Escape');
  await expect(rows(ada, 'second line')).toBeFocused();
  await ada.keyboard.press('e');
  await ada.keyboard.type(', edited');
  await ada.keyboard.press('Enter');
  await expect(rows(ada, 'second line, edited')).toContainText('edited');
  await expect(composer(ada)).toBeFocused();
});

test('rooms are changed with Ctrl+K and with Alt and the arrows', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.keyboard.press('Control+k');
  await ada.keyboard.type('work');
  await ada.keyboard.press('Enter');
  await expect(ada.getByRole('heading', { name: 'Workshop' })).toBeVisible();
  await expect(composer(ada)).toBeFocused();
  await expect(ada.getByRole('link', { name: 'Workshop' })).not.toContainText('new');
  await ada.keyboard.press('Alt+ArrowDown');
  await expect(ada.getByRole('heading', { name: 'Lobby' })).toBeVisible();
  await (await server.as('grace')).createRoom('Middle', 'closed', [1]);
  await expect(ada.getByRole('link', { name: 'Middle' })).toBeVisible();
  await (await server.as('grace')).post(WORKSHOP, 'Look here');
  await expect(ada.getByRole('link', { name: /Workshop/ })).toContainText('1 new');
  await ada.keyboard.press('Alt+Shift+ArrowDown');
  await expect(ada.getByRole('heading', { name: 'Workshop' })).toBeVisible();
});

test('before the rooms there is a way past them', async ({ enter }) => {
  const ada = await enter('Ada');
  await ada.getByRole('button', { name: 'New room' }).focus();
  await ada.keyboard.press('Shift+Tab');
  await expect(ada.getByRole('link', { name: 'Skip to the message field' })).toBeFocused();
  await ada.keyboard.press('Enter');
  await expect(composer(ada)).toBeFocused();
});

test('the question mark lists the keys, and Esc leads back to writing', async ({ enter }) => {
  const ada = await enter('Ada');
  await ada.getByRole('log').focus();
  await ada.keyboard.press('?');
  await expect(ada.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await ada.keyboard.press('Escape');
  await expect(ada.getByRole('log')).toBeFocused();
  await ada.keyboard.press('Escape');
  await expect(composer(ada)).toBeFocused();
});

test('Enter that confirms a candidate of an input method sends nothing', async ({ enter }) => {
  const ada = await enter('Ada');
  await composer(ada).fill('你好');
  const press = (keys: { keyCode: number; isComposing?: boolean }): Promise<boolean> =>
    composer(ada).evaluate(
      (field, init) => field.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })),
      { key: 'Enter', ...keys },
    );
  // Chromium and Firefox; then Safari, which ends the composition before the key.
  expect(await press({ keyCode: 229, isComposing: true })).toBe(true);
  expect(await press({ keyCode: 229, isComposing: false })).toBe(true);
  await expect(composer(ada)).toHaveValue('你好');
  expect(await press({ keyCode: 13 })).toBe(false);
  await expect(rows(ada, '你好')).toHaveCount(1);
});

// Text that runs from right to left stands so wherever people wrote it.

import { composer, expect, rows, send, test } from './hubbub';

const HEBREW = 'שלום עולם';

test('names, topics, titles and messages run in the direction of their text', async ({ enter, server }) => {
  const script = await server.as('ada');
  const room = await script.call('POST', '/rooms', {
    name: HEBREW,
    topic: `${HEBREW}!`,
    kind: 'closed',
    member_ids: [2],
  });
  const { id } = await script.call('POST', `/rooms/${room.id}/documents`, { title: HEBREW });
  const ada = await enter('Ada', { roomId: room.id });
  const isRightToLeft = (element: Element): boolean => getComputedStyle(element).direction === 'rtl';
  await send(ada, `${HEBREW}\n\n> English\n\n- ${HEBREW}`);
  const row = rows(ada, HEBREW);
  await expect(row.locator('.prose')).toBeVisible();
  expect(await row.locator('.prose > p').first().evaluate(isRightToLeft)).toBe(true);
  expect(await row.locator('blockquote').evaluate(isRightToLeft)).toBe(false);
  expect(await row.locator('ul').evaluate(isRightToLeft)).toBe(true);
  for (const place of [
    ada.getByRole('heading', { level: 1, name: HEBREW }),
    ada.getByRole('navigation').getByText(HEBREW),
    ada.getByRole('main').getByText(`${HEBREW}!`),
    ada.getByRole('complementary').getByRole('link', { name: HEBREW }).locator('.title'),
  ]) {
    expect(await place.evaluate(isRightToLeft)).toBe(true);
  }
  await composer(ada).fill(HEBREW);
  expect(await composer(ada).evaluate(isRightToLeft)).toBe(true);
  await composer(ada).fill('Hello');
  expect(await composer(ada).evaluate(isRightToLeft)).toBe(false);
  await composer(ada).fill('');

  await ada.goto(`${server.url}/rooms/${room.id}/documents/${id}`);
  const text = ada.getByRole('textbox', { name: /^Text of/ });
  await text.pressSequentially(`${HEBREW}\nEnglish`);
  const directions = text
    .locator('.cm-line')
    .evaluateAll((lines) => lines.map((each) => getComputedStyle(each).direction));
  expect(await directions).toEqual(['rtl', 'ltr']);
});

// Messages that mean harm are shown, and do none.

import { LOBBY, composer, expect, rows, send, test } from './hubbub';

test('HTML and scripts are shown as they were written', async ({ enter }) => {
  const [ada, grace] = [await enter('Ada'), await enter('Grace')];
  const attacks = [
    '<script>window.harmed = 1</script>',
    '<img src=x onerror="window.harmed = 2">',
    '<svg onload="window.harmed = 3">',
    '<iframe src="javascript:window.top.harmed = 4"></iframe>',
    '<style>body { display: none }</style>',
    '<b onmouseover="window.harmed = 5">hover</b>',
  ];
  for (const attack of attacks) await send(ada, attack);
  for (const page of [ada, grace]) {
    for (const attack of attacks) await expect(page.getByRole('log').getByText(attack)).toBeVisible();
    await expect(page.getByRole('log').locator('.prose').locator('script, img, svg, iframe, style, b')).toHaveCount(0);
    expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
  }
});

test('links that would run a script have no address', async ({ enter }) => {
  const ada = await enter('Ada');
  await send(ada, '[press](javascript:window.harmed=1) [data](data:text/html,x) [fine](https://example.org/)');
  const row = rows(ada, 'press');
  await expect(row.getByRole('link', { name: 'fine' })).toHaveAttribute('rel', /noopener/);
  await expect(row.locator('a[href^="javascript"], a[href^="data"]')).toHaveCount(0);
});

test('a message full of mentions and one of ten thousand characters leave the page usable', async ({
  enter,
  server,
}) => {
  const ada = await enter('Ada');
  const script = await server.as('grace');
  await script.post(LOBBY, '@everyone @ada @grace '.repeat(450));
  await script.post(LOBBY, '>'.repeat(9_000));
  await script.post(LOBBY, `${'[a]('.repeat(2_000)}`);
  await script.post(LOBBY, '\u202Edesrever ̴̡̢̛ z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢');
  await send(ada, 'Still here');
  await expect(rows(ada, 'Still here')).toBeVisible();
  await expect(composer(ada)).toBeFocused();
});

test('names of rooms and people are text', async ({ enter, server }) => {
  const script = await server.as('ada');
  await script.createRoom('<img src=x onerror="window.harmed = 1">');
  const ada = await enter('Ada');
  await ada.getByRole('link', { name: /<img/ }).click();
  await expect(ada.getByRole('heading', { name: '<img src=x onerror="window.harmed = 1">' })).toBeVisible();
  expect(await ada.evaluate(() => 'harmed' in window)).toBe(false);
});

test('a message that is too long is not sent, and its author is told by how much', async ({ enter }) => {
  const ada = await enter('Ada');
  await composer(ada).fill('x'.repeat(10_020));
  await expect(ada.getByText('The message is 20 characters too long (10,020 of 10,000).')).toBeVisible();
  await composer(ada).press('Enter');
  await expect(composer(ada)).toHaveValue('x'.repeat(10_020));
});

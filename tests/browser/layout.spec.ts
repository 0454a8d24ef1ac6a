// What stands where: nothing is cut off or covered that people need to read.

import { LOBBY, WORKSHOP, expect, rows, send, test } from './hubbub';

const LONG = 'Bartholomew Montgomery-Featherstonehaugh of Wolverhampton';

test('ordinary long names stay within the column of people', async ({ enter, server }) => {
  await server.request('POST', '/api/v1/users', {
    body: { username: 'bart', password: 'a long password', name: LONG },
  });
  const bart = await server.as('bart', 'a long password');
  await bart.call('POST', `/rooms/${LOBBY}/join`);
  await bart.call('POST', `/rooms/${LOBBY}/documents`, { title: `${LONG} ${LONG}` });
  const ada = await enter('Ada');
  const aside = ada.getByRole('complementary');
  await expect(aside.getByText(LONG).first()).toBeVisible();
  expect(await aside.evaluate((column) => column.scrollWidth - column.clientWidth)).toBe(0);
  await aside.getByText(LONG).last().hover();
  await expect(aside.getByRole('button', { name: `Remove ${LONG}` })).toBeInViewport({ ratio: 1 });
});

for (const width of [320, 360, 390]) {
  test(`the room's name can be read ${width} px wide`, async ({ enter }) => {
    const ada = await enter('Ada', { viewport: { width, height: 700 }, roomId: WORKSHOP });
    const name = ada.getByRole('heading', { level: 1, name: 'Workshop' });
    expect(await name.evaluate((heading) => heading.scrollWidth - heading.clientWidth)).toBeLessThanOrEqual(0);
    for (const button of ['Rooms', 'Documents', 'People']) {
      await expect(ada.getByRole('button', { name: button })).toBeInViewport({ ratio: 1 });
    }
    expect(await ada.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
}

test('the bar of actions covers no name', async ({ enter, server }) => {
  await server.request('POST', '/api/v1/users', {
    body: { username: 'bart', password: 'a long password', name: LONG },
  });
  const bart = await server.as('bart', 'a long password');
  await bart.call('POST', `/rooms/${LOBBY}/join`);
  for (const width of [800, 1024, 1280]) {
    const ada = await enter('Ada', { viewport: { width, height: 700 } });
    await bart.post(LOBBY, `Said ${width}`);
    await rows(ada, `Said ${width}`).hover();
    const bar = await rows(ada, `Said ${width}`).getByRole('group', { name: 'Message actions' }).boundingBox();
    const name = await ada
      .getByRole('log')
      .locator('article.active header strong')
      .boundingBox()
      .catch(() => null);
    if (bar === null) throw new Error('there is no bar');
    if (name !== null) expect(name.x + name.width).toBeLessThanOrEqual(bar.x);
    await send(ada, 'Another author in between');
    await expect(rows(ada, 'Another author in between').last()).toBeVisible();
    await ada.context().close();
  }
});

test('a file that is dropped on the page does not take its place', async ({ enter }) => {
  const ada = await enter('Ada');
  const isPrevented = (type: string): Promise<boolean> =>
    ada.getByRole('log').evaluate((log, type) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['text'], 'notes.txt', { type: 'text/plain' }));
      return !log.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    }, type);
  expect(await isPrevented('dragover')).toBe(true);
  expect(await isPrevented('drop')).toBe(true);
});

test('what is current can be seen where the system chooses the colours', async ({ enter }) => {
  const ada = await enter('Ada', { forcedColors: 'active' });
  const style = (name: string): Promise<string> =>
    ada
      .getByRole('navigation')
      .getByRole('link', { name })
      .evaluate((link) => getComputedStyle(link).outlineStyle);
  expect(await style('Lobby')).toBe('solid');
  expect(await style('Workshop')).toBe('none');
});

// Clocks that go wrong, and days that end while the page is open.

import { LOBBY, composer, expect, rows, send, test } from './hubbub';

const DAY = 24 * 3_600_000;

test('a message that was refused yesterday stops nothing', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await ada.clock.install({ time: Date.now() - DAY });
  await ada.reload();
  await expect(composer(ada)).toBeVisible();
  const refusal = { status: 422, contentType: 'application/problem+json', body: '{"detail":"No."}' };
  await ada.route('**/messages', (route) =>
    route.request().method() === 'POST' ? route.fulfill(refusal) : route.continue(),
  );
  await send(ada, 'Refused yesterday');
  await expect(ada.getByText('Not sent. No.')).toHaveCount(1);
  await ada.clock.setSystemTime(Date.now());
  await send(ada, 'Refused today');
  await expect(ada.getByText('Not sent. No.')).toHaveCount(2);
  await (await server.as('grace')).post(LOBBY, 'Good morning');
  await expect(rows(ada, 'Good morning')).toBeVisible();
  for (const text of ['Refused yesterday', 'Refused today']) await expect(rows(ada, text)).toHaveCount(1);
  await expect(ada.getByRole('log').getByRole('heading', { level: 2 })).toHaveCount(1);
});

test('"Today" becomes "Yesterday" at midnight', async ({ enter }) => {
  const ada = await enter('Ada');
  const midnight = new Date();
  midnight.setHours(24, 0, 0, 0);
  await ada.clock.install({ time: midnight.getTime() - 20_000 });
  await ada.reload();
  const day = ada.getByRole('log').getByRole('heading', { level: 2 }).last();
  await expect(day).toHaveText('Today');
  await ada.clock.runFor(15_000);
  await expect(day).toHaveText('Today');
  await ada.clock.runFor(10_000);
  await expect(day).toHaveText('Yesterday');
});

// A page that is older than its server, and a page that was opened over http at a server for https.

import { LOBBY, expect, rows, test } from './hubbub';

test('a page hears of a new version, and offers to reload', async ({ enter, server }) => {
  const ada = await enter('Ada');
  await expect(ada.getByText('A new version of this page is available.')).toHaveCount(0);
  await ada.route('**/api/v1/**', async (route) => {
    const response = await route.fetch().catch(() => null);
    if (response === null) return route.abort();
    await route.fulfill({ response, headers: { ...response.headers(), 'x-hubbub-build': 'another' } });
  });
  // An upgrade is a restart: the page connects again, and asks what it missed.
  await server.stop();
  await server.start();
  await expect(ada.getByText('A new version of this page is available.')).toBeVisible({ timeout: 30_000 });
  await ada.unroute('**/api/v1/**');
  await ada.getByRole('button', { name: 'Reload', exact: true }).click();
  await expect(rows(ada, 'Welcome to Hubbub')).toBeVisible();
  await expect(ada.getByText('A new version of this page is available.')).toHaveCount(0);
});

test('a part of the page that the server no longer has is told as that', async ({ enter, server }) => {
  const { id } = await (await server.as('grace')).call('POST', `/rooms/${LOBBY}/documents`, { title: 'Agenda' });
  const ada = await enter('Ada');
  await ada.route('**/assets/DocumentEditor*.js', (route) => route.fulfill({ status: 404, body: '{}' }));
  await ada.goto(`${server.url}/rooms/${LOBBY}/documents/${id}`);
  await expect(ada.getByText('the server does not have this part of the page')).toBeVisible();
  await ada.unroute('**/assets/DocumentEditor*.js');
  await ada.getByRole('button', { name: 'Reload' }).click();
  await expect(ada.getByRole('textbox', { name: /^Text of/ })).toBeVisible();
});

test.describe('at a server for https', () => {
  test.use({ isDemo: false, environment: { HUBBUB_PUBLIC_URL: 'https://chat.example.org' } });

  test('a page over http says that the sign-in will not last', async ({ open }) => {
    const page = await open('/');
    // Chromium takes this machine's own addresses for secure.
    await expect(page.getByText('There are no accounts yet.')).toBeVisible();
    await expect(page.getByText('opened without encryption')).toHaveCount(0);
    await page.addInitScript(() => Object.defineProperty(window, 'isSecureContext', { value: false }));
    await page.reload();
    await expect(page.getByText('opened without encryption')).toBeVisible();
    await expect(page.getByRole('link', { name: 'https://chat.example.org' })).toBeVisible();
  });
});

test.describe('with many rooms', () => {
  test('a page asks for its rooms once, and for all its channels at once', async ({ enter, server }) => {
    const script = await server.as('ada');
    for (let number = 1; number <= 40; number += 1) await script.createRoom(`Room ${number}`);
    const ada = await enter('Ada');
    const asked: string[] = [];
    ada.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (!pathname.startsWith('/assets/')) asked.push(`${request.method()} ${pathname}`);
    });
    await ada.reload();
    await expect(rows(ada, 'Welcome to Hubbub')).toBeVisible();
    await expect(ada.getByRole('button', { name: /^People: [1-9]/ })).toBeVisible();
    await script.post(LOBBY, 'Everything is subscribed');
    await expect(rows(ada, 'Everything is subscribed')).toBeVisible();
    expect(asked.filter((call) => call === 'GET /api/v1/rooms')).toHaveLength(1);
    const rights = asked.filter((call) => call.startsWith('POST /broadcasting/auth'));
    expect(rights.length).toBeLessThanOrEqual(2);
    const index = (call: string): number => asked.indexOf(call);
    expect(index(`GET /api/v1/rooms/${LOBBY}/messages`)).toBeGreaterThan(-1);
    expect(Math.abs(index(`GET /api/v1/rooms/${LOBBY}/messages`) - index('GET /api/v1/rooms'))).toBe(1);
  });
});

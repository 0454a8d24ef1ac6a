// The viewer of the API's document, at /api/docs.

import { expect, test } from './hubbub';

test('the API is shown in a viewer that the Content-Security-Policy allows', async ({ open }) => {
  const page = await open('/api/docs');
  await expect(page.getByRole('heading', { name: /^Hubbub/ })).toBeVisible();
  const path = page.getByText('/api/v1/rooms/{id}/messages', { exact: true });
  const operation = page.locator('.opblock-post').filter({ has: path });
  await operation.locator('.opblock-summary').click();
  await expect(page.getByText('Idempotency-Key').first()).toBeVisible();
});

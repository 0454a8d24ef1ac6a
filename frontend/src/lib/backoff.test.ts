import { expect, it } from 'vitest';

import { backoffMs } from './backoff';

it('doubles the wait with each failure, up to twenty seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 100].map(backoffMs)).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000,
  ]);
});

it('waits a second before anything has failed', () => {
  expect(backoffMs(0)).toBe(1_000);
});

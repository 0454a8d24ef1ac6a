import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Reconnector } from './reconnector';

function reconnector(random = 0) {
  const connection = {
    isConnected: () => connection.connected,
    connect: () => void (connection.tries += 1),
    tries: 0,
    connected: false,
  };
  return { connection, reconnector: new Reconnector(connection, () => random) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('reconnecting', () => {
  it('tries again after one second, then less and less often, at last every twenty', async () => {
    const { connection, reconnector: loop } = reconnector();
    loop.start();
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 8_000 + 16_000);
    expect(connection.tries).toBe(5);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(connection.tries).toBe(7);
  });

  it('spreads those who lost one server together', async () => {
    const { connection, reconnector: loop } = reconnector(0.99);
    loop.start();
    await vi.advanceTimersByTimeAsync(1_300);
    expect(connection.tries).toBe(0);
    await vi.advanceTimersByTimeAsync(40);
    expect(connection.tries).toBe(1);
  });

  it('tries at once when there is reason to hope, and begins anew with short waits', async () => {
    const { connection, reconnector: loop } = reconnector();
    loop.start();
    await vi.advanceTimersByTimeAsync(31_000);
    const before = connection.tries;
    loop.tryNow();
    expect(connection.tries).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(connection.tries).toBe(before + 2);
  });

  it('leaves a connection that stands alone', async () => {
    const { connection, reconnector: loop } = reconnector();
    loop.start();
    connection.connected = true;
    loop.stop();
    loop.tryNow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.tries).toBe(0);
  });
});

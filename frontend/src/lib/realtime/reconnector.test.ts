import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Reconnector } from './reconnector';

function reconnector(random = 0) {
  const host = { isConnected: () => host.connected, tryNow: () => void (host.tries += 1), tries: 0, connected: false };
  return { host, reconnector: new Reconnector(host, () => random) };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('reconnecting', () => {
  it('tries again after one second, then less and less often, at last every twenty', async () => {
    const { host, reconnector: loop } = reconnector();
    loop.start();
    await vi.advanceTimersByTimeAsync(1_000 + 2_000 + 4_000 + 8_000 + 16_000);
    expect(host.tries).toBe(5);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(host.tries).toBe(7);
  });

  it('spreads those who lost one server together', async () => {
    const { host, reconnector: loop } = reconnector(0.99);
    loop.start();
    await vi.advanceTimersByTimeAsync(1_300);
    expect(host.tries).toBe(0);
    await vi.advanceTimersByTimeAsync(40);
    expect(host.tries).toBe(1);
  });

  it('tries at once when there is reason to hope, and begins anew with short waits', async () => {
    const { host, reconnector: loop } = reconnector();
    loop.start();
    await vi.advanceTimersByTimeAsync(31_000);
    const before = host.tries;
    loop.tryNow();
    expect(host.tries).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(host.tries).toBe(before + 2);
  });

  it('leaves a connection that stands alone', async () => {
    const { host, reconnector: loop } = reconnector();
    loop.start();
    host.connected = true;
    loop.stop();
    loop.tryNow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(host.tries).toBe(0);
  });
});

// How long to wait before the next attempt, when nobody answered the last one.

/** Waits before the first, second, … further attempt, in milliseconds. The last one repeats. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000];

/** The wait after so many failed attempts, in milliseconds. Callers add their own jitter. */
export function backoffMs(failures: number): number {
  return WAITS_MS[Math.min(Math.max(failures, 1), WAITS_MS.length) - 1] as number;
}

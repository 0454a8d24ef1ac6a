import { describe, expect, it } from 'vitest';

import { count, dayName, duration, initials } from './format';

describe('words for numbers and times', () => {
  it('give a duration at most three figures', () => {
    expect([0, 0.0123, 0.61, 9.994, 12.34, 345.6, 1_234, 65_000].map(duration)).toEqual([
      '0',
      '12 µs',
      '0.61 ms',
      '9.99 ms',
      '12.3 ms',
      '346 ms',
      '1.2 s',
      '65 s',
    ]);
  });

  it('name the days that are near', () => {
    const now = new Date(2026, 10, 24, 0, 30).getTime();
    expect(dayName(new Date(2026, 10, 24, 0, 10).getTime(), now)).toBe('Today');
    expect(dayName(new Date(2026, 10, 23, 23, 59).getTime(), now)).toBe('Yesterday');
    expect(dayName(new Date(2025, 10, 24).getTime(), now)).toContain('2025');
  });

  it('count one thing as one', () => {
    expect([count(0, 'message'), count(1, 'message'), count(2, 'message'), count(2, 'person', 'people')]).toEqual([
      '0 messages',
      '1 message',
      '2 messages',
      '2 people',
    ]);
  });

  it('shorten names of any script', () => {
    expect(['Ada Lovelace', 'grace', '李小龍', '🦊 Fox Box', '  '].map(initials)).toEqual([
      'AL',
      'G',
      '李',
      '🦊B',
      '?',
    ]);
  });
});

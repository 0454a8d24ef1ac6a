import { describe, expect, it } from 'vitest';

import { message, page } from '../testing/objects';
import {
  WINDOW_MESSAGES,
  fresher,
  fromPage,
  trimmed,
  withChanged,
  withNewer,
  withOlder,
  withPosted,
} from './message-window';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const numbersOf = (shown: { items: readonly { number: number }[] }): number[] => shown.items.map((each) => each.number);

describe('a window of messages', () => {
  it('takes new messages at its end', () => {
    const shown = withPosted(fromPage(page([1, 2])), message(3));
    expect(numbersOf(shown)).toEqual([1, 2, 3]);
  });

  it('leaves new messages out while it does not reach the end', () => {
    const shown = withPosted(fromPage(page([1, 2], { next: '/more' })), message(9));
    expect(numbersOf(shown)).toEqual([1, 2]);
  });

  it('shows a message once, however often it comes', () => {
    let shown = fromPage(page([1]));
    for (const each of [message(2), message(2), message(1)]) shown = withPosted(shown, each);
    expect(numbersOf(shown)).toEqual([1, 2]);
  });

  it('sorts an answer that overtook the messages before it', () => {
    const shown = withPosted(withPosted(fromPage(page([1])), message(3)), message(2));
    expect(numbersOf(shown)).toEqual([1, 2, 3]);
  });

  it('replaces a message that was edited', () => {
    const edited = message(2, { body: 'better', edited_at: '2026-11-24T13:00:00.000Z' });
    expect(withChanged(fromPage(page([1, 2])), edited).items[1]?.body).toBe('better');
  });

  it('does not let an older event undo what the history showed', () => {
    const edited = message(2, { body: 'better', edited_at: '2026-11-24T13:00:00.000Z' });
    const shown = fromPage({ items: [edited], next: null, prev: null, seq: 9 });
    expect(withPosted(shown, message(2)).items[0]?.body).toBe('better');
    expect(withChanged(shown, message(2)).items[0]?.body).toBe('better');
  });

  it('ignores changes to messages outside its window', () => {
    const shown = fromPage(page([5, 6]));
    expect(withChanged(shown, message(1))).toBe(shown);
  });

  it('keeps a deletion whatever comes after it', () => {
    const deleted = message(1, { body: '', deleted_at: '2026-11-24T13:00:00.000Z' });
    const edited = message(1, { edited_at: '2026-11-24T14:00:00.000Z' });
    expect(fresher(deleted, edited)).toBe(deleted);
    expect(fresher(edited, deleted)).toBe(deleted);
  });

  it('grows upward and downward without doubles', () => {
    const middle = fromPage(page([5, 6], { prev: '/older', next: '/newer' }));
    const grown = withNewer(withOlder(middle, page([3, 4, 5])), page([6, 7]));
    expect(numbersOf(grown)).toEqual([3, 4, 5, 6, 7]);
    expect(grown).toMatchObject({ hasOlder: false, atEnd: true });
  });

  it('lets the newest go when older ones fill the window, and knows that it no longer reaches the end', () => {
    const full = fromPage(page(numbers(101, 100 + WINDOW_MESSAGES), { prev: '/older' }));
    const grown = withOlder(full, page(numbers(51, 100), { prev: '/older' }));
    expect(grown.items).toHaveLength(WINDOW_MESSAGES);
    expect(numbersOf(grown)[0]).toBe(51);
    expect(grown.atEnd).toBe(false);
  });

  it('lets the oldest go when newer ones fill the window, and knows that there are older ones', () => {
    const full = fromPage(page(numbers(1, WINDOW_MESSAGES), { next: '/newer' }));
    const grown = withNewer(full, page(numbers(WINDOW_MESSAGES + 1, WINDOW_MESSAGES + 50)));
    expect(grown.items).toHaveLength(WINDOW_MESSAGES);
    expect(grown).toMatchObject({ hasOlder: true, atEnd: true });
  });

  it('lets old messages go in a room that never falls silent', () => {
    const busy = fromPage(page(numbers(1, WINDOW_MESSAGES + 101)));
    expect(trimmed(busy).items).toHaveLength(WINDOW_MESSAGES);
    const calm = fromPage(page(numbers(1, WINDOW_MESSAGES + 100)));
    expect(trimmed(calm)).toBe(calm);
  });
});

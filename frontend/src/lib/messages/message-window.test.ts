import { describe, expect, it } from 'vitest';

import { ada, grace, message, page } from '../testing/objects';
import {
  type MessageWindow,
  WINDOW_MESSAGES,
  fresher,
  fromPage,
  trimmed,
  withChanged,
  withNewer,
  withOlder,
  withPosted,
  withReaction,
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
    const edited = message(2, { body: 'better', changed_seq: 9 });
    expect(withChanged(fromPage(page([1, 2])), edited).items[1]?.body).toBe('better');
  });

  it('does not let an older event undo what the history showed', () => {
    const edited = message(2, { body: 'better', changed_seq: 9 });
    const shown = fromPage({ items: [edited], next: null, prev: null, seq: 9 });
    expect(withPosted(shown, message(2)).items[0]?.body).toBe('better');
    expect(withChanged(shown, message(2)).items[0]?.body).toBe('better');
  });

  it('ignores changes to messages outside its window', () => {
    const shown = fromPage(page([5, 6]));
    expect(withChanged(shown, message(1))).toBe(shown);
  });

  it('takes the copy that was changed last, whatever the clock said', () => {
    const edited = message(1, { edited_at: '2026-11-24T14:00:00.000Z', changed_seq: 5 });
    const deleted = message(1, { body: '', deleted_at: '2026-11-24T13:00:00.000Z', changed_seq: 6 });
    expect(fresher(deleted, edited)).toBe(deleted);
    expect(fresher(edited, deleted)).toBe(deleted);
  });

  it('changes what answers show of a message with the message, also when that is outside the window', () => {
    const answer = message(9, { reply_to: { id: 101, author: ada, excerpt: 'message 1' } });
    const edited = message(1, { html: '<p><em>better</em></p>', changed_seq: 10 });
    const deleted = message(1, { html: '', deleted_at: '2026-11-24T13:00:00.000Z', changed_seq: 11 });
    for (const first of [fromPage(page([1])), fromPage(page([]))]) {
      let shown = withPosted(first, answer);
      shown = withChanged(shown, edited);
      expect(shown.items.at(-1)?.reply_to?.excerpt).toBe('better');
      shown = withChanged(shown, deleted);
      expect(shown.items.at(-1)?.reply_to?.excerpt).toBeNull();
    }
  });
});

describe('reactions', () => {
  const reaction = (user: typeof ada, emoji = '👍') => ({ message_id: 101, emoji, user });
  const under = (shown: MessageWindow): string[] =>
    (shown.items[0]?.reactions ?? []).map(
      ({ emoji, count, users }) => `${emoji} ${count} ${users.map((u) => u.username).join()}`,
    );

  it('are counted, in the order of their first use, and go with the last who takes theirs back', () => {
    let shown = fromPage(page([1]));
    shown = withReaction(shown, reaction(ada), 2, true);
    shown = withReaction(shown, reaction(grace, '🎉'), 3, true);
    shown = withReaction(shown, reaction(grace), 4, true);
    expect(under(shown)).toEqual(['👍 2 ada,grace', '🎉 1 grace']);
    shown = withReaction(shown, reaction(ada), 5, false);
    shown = withReaction(shown, reaction(grace, '🎉'), 6, false);
    expect(under(shown)).toEqual(['👍 1 grace']);
  });

  it('change nothing when they come twice, or when the history showed them already', () => {
    const once = withReaction(fromPage(page([1])), reaction(ada), 2, true);
    expect(withReaction(once, reaction(ada), 2, true)).toBe(once);
    const [known] = once.items;
    const ahead = fromPage({ items: known ? [{ ...known, changed_seq: 7 }] : [], next: null, prev: null, seq: 7 });
    expect(withReaction(ahead, reaction(ada), 6, false)).toBe(ahead);
    expect(withReaction(once, { ...reaction(ada), message_id: 999 }, 8, true)).toBe(once);
  });

  it('name fifty people at most, and count the others', () => {
    let shown = fromPage(page([1]));
    for (let id = 1; id <= 60; id += 1) {
      shown = withReaction(shown, reaction({ id, username: `u${id}`, name: `U ${id}` }), id + 1, true);
    }
    expect(shown.items[0]?.reactions).toMatchObject([{ count: 60, users: { length: 50 } }]);
  });
});

describe('a window of many messages', () => {
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

import { describe, expect, it } from 'vitest';

import type { UnsentMessage } from './unsent-messages.svelte';
import { type Row, rows } from './rows';
import { ada, grace, message } from '../testing/objects';
import type { Message } from '../http/wire';

const at = (minutes: number): string => new Date(2026, 10, 24, 12, minutes).toISOString();
const unsent = (client_id: string): UnsentMessage => ({
  client_id,
  room_id: 1,
  body: 'on its way',
  written_at: new Date(2026, 10, 24, 12, 30).getTime(),
  state: 'sending',
  reason: null,
});
const build = (messages: Message[], pending: UnsentMessage[] = [], newFrom: number | null = null): Row[] =>
  rows({ messages, unsent: pending, me: ada, newFrom });
const shape = (list: Row[]): string[] =>
  list.map((row) => (row.kind === 'message' ? (row.startsGroup ? 'first' : 'joins') : row.kind));

describe('the rows of a room', () => {
  it('join one author’s messages within five minutes', () => {
    const list = build([0, 4, 8, 14].map((minute, i) => message(i + 1, { created_at: at(minute) })));
    expect(shape(list)).toEqual(['day', 'first', 'joins', 'joins', 'first']);
  });

  it('begin a group for another author', () => {
    const list = build([message(1), message(2, { author: ada }), message(3, { author: grace })]);
    expect(shape(list)).toEqual(['day', 'first', 'first', 'first']);
  });

  it('draw a line between days, and begin a group under it', () => {
    const late = new Date(2026, 10, 24, 23, 59).toISOString();
    const early = new Date(2026, 10, 25, 0, 1).toISOString();
    const list = build([message(1, { created_at: late }), message(2, { created_at: early })]);
    expect(shape(list)).toEqual(['day', 'first', 'day', 'first']);
  });

  it('draw one line above what is new', () => {
    const list = build([message(1), message(2), message(3)], [], 2);
    expect(shape(list)).toEqual(['day', 'first', 'new', 'first', 'joins']);
  });

  it('draw the line even when the first new message is not in the window', () => {
    expect(shape(build([message(7), message(8)], [], 3))).toEqual(['day', 'new', 'first', 'joins']);
  });

  it('end with what is on its way', () => {
    const list = build([message(1)], [unsent('x')]);
    expect(list.at(-1)).toMatchObject({ kind: 'message', entry: { state: 'unsent' } });
  });

  it('show a message that is confirmed and still among the unsent once, in the same row', () => {
    const before = build([], [unsent('x')]);
    const after = build([message(1, { author: ada, client_id: 'x' })], [unsent('x')]);
    expect(after.filter((row) => row.kind === 'message')).toHaveLength(1);
    expect(after.at(-1)?.key).toBe(before.at(-1)?.key);
  });

  it('do not mistake another person’s client id for one’s own', () => {
    const list = build([message(1, { author: grace, client_id: 'x' })], [unsent('x')]);
    expect(list.filter((row) => row.kind === 'message')).toHaveLength(2);
    expect(new Set(list.map((row) => row.key)).size).toBe(list.length);
  });
});

import { describe, expect, it } from 'vitest';

import type { UnsentMessage } from './unsent-messages.svelte';
import { type Row, rows } from './rows';
import { ada, document, grace, message } from '../testing/objects';
import type { DocumentNote } from './document-notes';
import type { Message } from '../http/wire';

const at = (minutes: number): string => new Date(2026, 10, 24, 12, minutes).toISOString();
const unsent = (client_id: string): UnsentMessage => ({
  client_id,
  room_id: 1,
  body: 'on its way',
  reply_to: null,
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

  it('draw no line while the first new message is above the window, and draw it when there is nothing above', () => {
    const window = { messages: [message(7), message(8)], unsent: [], me: ada };
    expect(shape(rows({ ...window, newFrom: 3, hasOlder: true }))).toEqual(['day', 'first', 'joins']);
    expect(shape(rows({ ...window, newFrom: 7, hasOlder: true }))).toEqual(['day', 'new', 'first', 'joins']);
    // What was between is gone: the room keeps its messages for a time only.
    expect(shape(rows({ ...window, newFrom: 3, hasOlder: false }))).toEqual(['day', 'new', 'first', 'joins']);
  });

  describe('when times do not increase', () => {
    const day = (date: number, hour: number): string => new Date(2026, 10, date, hour).toISOString();
    const days = (list: Row[]): string[] =>
      list.map((row) => (row.kind === 'day' ? `${new Date(row.time).getDate()}` : row.kind === 'message' ? '.' : '?'));
    const waiting = (client_id: string, date: number, hour: number): UnsentMessage => ({
      ...unsent(client_id),
      written_at: Date.parse(day(date, hour)),
    });
    const at = (...times: [date: number, hour: number][]): Message[] =>
      times.map(([date, hour], i) => message(i + 1, { created_at: day(date, hour) }));

    it.each([
      ['a server’s clock was a day behind for an hour', at([24, 12], [23, 12], [24, 13]), [], '24 . 23 . 24 .'],
      [
        'a server’s clock was a day ahead for an hour',
        at([24, 12], [25, 12], [24, 13], [25, 9]),
        [],
        '24 . 25 . 24 . 25 .',
      ],
      ['a refused message was left over night', at([24, 12], [25, 8]), [waiting('x', 24, 18)], '24 . 25 . .'],
      ['one was refused yesterday and one today', at([25, 8]), [waiting('x', 24, 18), waiting('y', 25, 9)], '25 . . .'],
      [
        'messages waited offline over midnight',
        at([24, 12]),
        [waiting('x', 24, 23), waiting('y', 25, 0)],
        '24 . . 25 .',
      ],
      ['a browser’s clock is slow just after midnight', at([24, 23], [25, 0]), [waiting('x', 24, 23)], '24 . 25 . .'],
    ])('%s: the order stays, and no key comes twice', (_, messages, pending, expected) => {
      const list = build(messages, pending);
      expect(days(list).join(' ')).toBe(expected);
      const numbers = list.flatMap((row) =>
        row.kind === 'message' && row.entry.state === 'stored' ? [row.entry.message.number] : [],
      );
      expect(numbers).toEqual(messages.map((each) => each.number));
      expect(new Set(list.map((row) => row.key)).size).toBe(list.length);
    });

    it('a message of hours before does not join the group of the one above', () => {
      expect(shape(build(at([24, 12], [24, 9])))).toEqual(['day', 'first', 'first']);
    });

    it('no key comes twice with notes of documents between them', () => {
      const time = (date: number, hour: number): number => Date.parse(day(date, hour));
      const note = (key: string, time: number): DocumentNote => ({
        key,
        time,
        what: 'created',
        document: document(),
        by: ada,
      });
      const notes = [note('created-4', time(23, 12)), note('created-5', time(24, 14)), note('created-6', time(25, 1))];
      const messages = at([24, 12], [23, 13], [24, 13]);
      const list = rows({ messages, unsent: [waiting('x', 24, 9)], me: ada, newFrom: null, notes });
      expect(new Set(list.map((row) => row.key)).size).toBe(list.length);
      expect(list.filter((row) => row.kind === 'document')).toHaveLength(3);
    });
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

// What stands in the list of messages, from top to bottom: messages in groups, and the lines between them.

import type { DocumentNote } from './document-notes';
import { dayKey } from '../browser/format';
import type { UnsentMessage } from './unsent-messages.svelte';
import type { Author, Message } from '../http/wire';

export type Row =
  | { kind: 'day'; key: string; time: number }
  | { kind: 'new'; key: string }
  | { kind: 'document'; key: string; note: DocumentNote }
  | { kind: 'message'; key: string; startsGroup: boolean; author: Author; time: number; entry: Entry };

/** A message that is stored, or one that is not sent yet. */
export type Entry = { state: 'stored'; message: Message } | { state: 'unsent'; message: UnsentMessage };

/** Messages of one author join a group when no more than this lies between them. */
const GROUP_MS = 5 * 60_000;

export interface RowsInput {
  messages: readonly Message[];
  unsent: readonly UnsentMessage[];
  me: Author;
  /** The number of the first message that was new when the room was opened; null draws no line. */
  newFrom: number | null;
  /** What was done with the room's documents, in the order of time, as far as the messages reach. */
  notes?: readonly DocumentNote[];
}

export function rows({ messages, unsent, me, newFrom, notes = [] }: RowsInput): Row[] {
  const rows: Row[] = [];
  let previous: { authorId: number | null; time: number } | null = null;
  let lineDrawn = false;
  let noted = 0;

  const addDay = (time: number): boolean => {
    const isNew = previous === null || dayKey(previous.time) !== dayKey(time);
    if (isNew) rows.push({ kind: 'day', key: `day-${dayKey(time)}`, time });
    return isNew;
  };
  const addNotes = (until: number): void => {
    for (let note = notes[noted]; note !== undefined && note.time <= until; note = notes[++noted]) {
      addDay(note.time);
      rows.push({ kind: 'document', key: note.key, note });
      previous = { authorId: null, time: note.time };
    }
  };
  const add = (author: Author, time: number, key: string, entry: Entry, isNew: boolean): void => {
    addNotes(time);
    const newDay = addDay(time);
    const newLine = isNew && !lineDrawn;
    if (newLine) {
      lineDrawn = true;
      rows.push({ kind: 'new', key: 'new' });
    }
    const joins: boolean = previous?.authorId === author.id && time - previous.time <= GROUP_MS;
    rows.push({ kind: 'message', key, startsGroup: newDay || newLine || !joins, author, time, entry });
    previous = { authorId: author.id, time };
  };

  const stored = new Set<string>();
  for (const message of messages) {
    if (message.client_id !== null && message.author.id === me.id) stored.add(message.client_id);
    const isNew = newFrom !== null && message.number >= newFrom;
    add(message.author, Date.parse(message.created_at), messageKey(message), { state: 'stored', message }, isNew);
  }
  for (const pending of unsent) {
    // The stored message may be shown a moment before its post is answered: never both.
    if (stored.has(pending.client_id)) continue;
    const key = `${me.id}:${pending.client_id}`;
    add(me, pending.written_at, key, { state: 'unsent', message: pending }, false);
  }
  addNotes(Infinity);
  return rows;
}

/** The same for an unsent message and the stored one, so that the row stays where it is and only its state changes. */
export function messageKey(message: Message): string {
  return message.client_id === null ? `#${message.id}` : `${message.author.id}:${message.client_id}`;
}

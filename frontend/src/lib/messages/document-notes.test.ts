import { describe, expect, it } from 'vitest';

import { noteOf, notesOf, notesWithin } from './document-notes';
import { rows } from '../messages/rows';
import { ada, document, grace, message, page } from '../testing/objects';
import { fromPage } from './message-window';
import type { DocumentFacts, RoomEvent } from '../http/wire';

const at = (second: number): string => new Date(Date.UTC(2026, 10, 24, 12, 0, second)).toISOString();
const changed = (about: DocumentFacts, seq = 7): RoomEvent => ({
  type: 'document.changed',
  room_id: 1,
  seq,
  created_at: at(seq),
  actor: grace,
  document: about,
});

describe('what the history says of documents', () => {
  it('is when they were made and archived, whoever looks', () => {
    const notes = notesOf([document({ created_at: at(1), archived_at: at(5) })]);
    expect(notes.map(({ what, by }) => [what, by?.name])).toEqual([
      ['created', 'Ada Lovelace'],
      ['archived', undefined],
    ]);
  });

  it('is who renamed and archived them, for those who heard it', () => {
    const before = document();
    const archived = document({ archived_at: at(7) });
    expect(noteOf(changed(document({ title: 'Minutes' })), before)).toMatchObject({ what: 'renamed', by: grace });
    expect(noteOf(changed(archived), before)).toMatchObject({ what: 'archived', by: grace });
    expect(noteOf(changed(document()), archived)).toMatchObject({ what: 'unarchived', by: grace });
    expect(noteOf(changed(document()), before)).toBeNull();
  });

  it('is said once, and better by those who heard it', () => {
    const archived = document({ archived_at: at(7) });
    const heard = noteOf(changed(archived), document());
    const notes = notesWithin(fromPage(page([])), [...notesOf([archived]), ...(heard === null ? [] : [heard])]);
    expect(notes.map(({ what, by }) => [what, by?.name])).toEqual([
      ['archived', 'Grace Hopper'],
      ['created', 'Ada Lovelace'],
    ]);
  });

  it('stands between the messages where it happened, and ends a group', () => {
    const messages = [message(1, { author: ada }), message(3, { author: ada })];
    const list = rows({
      messages,
      unsent: [],
      me: ada,
      newFrom: null,
      notes: notesOf([document({ created_at: at(2) })]),
    });
    expect(list.map((row) => row.kind)).toEqual(['day', 'message', 'document', 'message']);
    expect(list.at(-1)).toMatchObject({ startsGroup: true });
  });

  it('does not reach beyond the messages that are shown', () => {
    const shown = fromPage(page([4, 5, 6], { prev: 'older', next: 'newer' }));
    const notes = notesOf([2, 5, 8].map((second) => document({ id: second, created_at: at(second) })));
    expect(notesWithin(shown, notes).map((note) => note.document.id)).toEqual([5]);
  });
});

// Lines among the messages: a document was created, renamed, archived or unarchived.

import type { MessageWindow } from './message-window';
import type { UserRef, DocumentFacts, RoomEvent } from '../http/wire';

export interface DocumentNote {
  key: string;
  time: number;
  what: 'created' | 'renamed' | 'archived' | 'unarchived';
  document: DocumentFacts;
  /** Null when only the event named the person, and this page did not receive it. */
  by: UserRef | null;
}

/** What the documents themselves tell: when each was made, and archived. */
export function notesOf(documents: readonly DocumentFacts[]): DocumentNote[] {
  return documents.flatMap((document) => {
    const time = Date.parse(document.created_at);
    const created: DocumentNote = {
      key: `created-${document.id}`,
      time,
      what: 'created',
      document,
      by: document.created_by,
    };
    if (document.archived_at === null) return [created];
    return [
      created,
      { key: archivedKey(document), time: Date.parse(document.archived_at), what: 'archived', document, by: null },
    ];
  });
}

/** What an event tells beyond that: who did it, and what it was called before. */
export function noteOf(event: RoomEvent, before: DocumentFacts | undefined): DocumentNote | null {
  if (event.type !== 'document.changed' || before === undefined) return null;
  const { document } = event;
  const note = { time: Date.parse(event.created_at), document, by: event.actor };
  if (before.archived_at === null && document.archived_at !== null) {
    return { ...note, key: archivedKey(document), what: 'archived' };
  }
  if (before.archived_at !== null && document.archived_at === null) {
    return { ...note, key: `event-${event.seq}`, what: 'unarchived' };
  }
  return before.title === document.title ? null : { ...note, key: `event-${event.seq}`, what: 'renamed' };
}

/** The notes in the order of time, as far as the window of messages reaches; the later of two with one key stands. */
export function notesWithin(shown: MessageWindow, notes: readonly DocumentNote[]): DocumentNote[] {
  const from = shown.hasOlder ? Date.parse(shown.items[0]?.created_at ?? '') : -Infinity;
  const to = shown.atEnd ? Infinity : Date.parse(shown.items.at(-1)?.created_at ?? '');
  const byKey = new Map(notes.map((note) => [note.key, note]));
  return [...byKey.values()].filter(({ time }) => from <= time && time <= to).sort((a, b) => a.time - b.time);
}

function archivedKey(document: DocumentFacts): string {
  return `archived-${document.id}-${document.archived_at}`;
}

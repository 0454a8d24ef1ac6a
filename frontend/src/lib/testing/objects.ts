// Objects for tests.

import type { UserRef, DocumentFacts, Message, MessagePage, RoomEvent } from '../http/wire';

export const ada: UserRef = { id: 1, username: 'ada', name: 'Ada Lovelace' };
export const grace: UserRef = { id: 2, username: 'grace', name: 'Grace Hopper' };

export function message(number: number, fields: Partial<Message> = {}): Message {
  return {
    id: 100 + number,
    room_id: 1,
    seq: number,
    number,
    author: grace,
    body: `message ${number}`,
    html: `<p>message ${number}</p>\n`,
    client_id: null,
    created_at: new Date(Date.UTC(2026, 10, 24, 12, 0, number)).toISOString(),
    edited_at: null,
    deleted_at: null,
    changed_seq: number,
    reply_to: null,
    files: [],
    reactions: [],
    ...fields,
  };
}

export function posted(seq: number, fields: Partial<Message> = {}): RoomEvent {
  const about = message(seq, fields);
  return { type: 'message.posted', room_id: 1, seq, created_at: about.created_at, actor: about.author, message: about };
}

export function page(numbers: number[], edges: Partial<MessagePage> = {}): MessagePage {
  return { items: numbers.map((number) => message(number)), next: null, prev: null, seq: 0, ...edges };
}

export function document(fields: Partial<DocumentFacts> = {}): DocumentFacts {
  return {
    id: 4,
    room_id: 1,
    title: 'Agenda',
    created_at: '2026-11-24T12:10:00.000Z',
    created_by: ada,
    updated_at: '2026-11-24T12:10:00.000Z',
    updated_by: ada,
    revision: 0,
    bytes: 0,
    archived_at: null,
    ...fields,
  };
}

/** Lets promises that are already settled run their course. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

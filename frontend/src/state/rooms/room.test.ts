import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Api } from '../../lib/http/api';
import { Unreachable } from '../../lib/http/problem';
import { UnsentMessages } from '../../lib/messages/unsent-messages.svelte';
import { GAP_WAIT_MS } from '../../lib/rooms/sequence';
import { MemoryStorage } from '../../lib/storage/storage';
import { TimelineStore } from '../../lib/timeline/timeline-store';
import { ada, document, grace, message, page, posted, settled } from '../../lib/testing/objects';
import type { CatchUp, DocumentFacts, MessagePage, Room, RoomEvent } from '../../lib/http/wire';
import { RoomState, type RoomStateEvent } from './room.svelte';

const facts = (fields: Partial<Room> = {}): Room =>
  withUnread({
    id: 1,
    kind: 'open',
    name: 'Lobby',
    topic: '',
    created_by: 1,
    created_at: '2026-11-24T12:00:00.000Z',
    last_seq: 0,
    message_count: 0,
    retention_days: null,
    next_retention: null,
    archived_at: null,
    is_default: false,
    membership: { read_number: 0, unread: 0, joined_at: '2026-11-24T12:00:00.000Z' },
    ...fields,
  });

/** All messages after the last read one are unread. */
function withUnread(room: Room): Room {
  if (room.membership === null) return room;
  return { ...room, membership: { ...room.membership, unread: room.message_count - room.membership.read_number } };
}

const read = (read_number: number) => ({ read_number, unread: 0, joined_at: '2026-11-24T12:00:00.000Z' });
const none: CatchUp = { items: [], head: 0, more: false };

function setup(fields: Partial<Room> = {}) {
  const api = {
    messages: vi.fn<Api['messages']>(async () => page([])),
    eventsAfter: vi.fn<Api['eventsAfter']>(async () => none),
    room: vi.fn<Api['room']>(async () => facts(fields)),
    members: vi.fn<Api['members']>(async () => []),
    documents: vi.fn<Api['documents']>(async () => []),
  };
  const timelines = new TimelineStore();
  const unsent = new UnsentMessages(ada.id, new MemoryStorage(), { postMessage: vi.fn() }, timelines, vi.fn());
  const emit = vi.fn<(event: RoomStateEvent) => void>();
  const services = { api: api as unknown as Api, me: ada, unsent, timelines };
  return { api, emit, unsent, timelines, room: new RoomState(facts(fields), services, emit) };
}

const shown = (room: RoomState): string[] => room.messages?.items.map((each) => each.body) ?? [];
const edited = (seq: number, number: number, body: string): RoomEvent => ({
  ...posted(seq),
  type: 'message.edited',
  message: message(number, { body, changed_seq: seq, edited_at: '2026-11-24T13:00:00.000Z' }),
});

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a room', () => {
  it('lists its documents, and follows them', async () => {
    const { api, room } = setup();
    api.documents.mockResolvedValueOnce([document()]);
    await room.loadDocuments();
    const changed = (seq: number, about: DocumentFacts): RoomEvent => ({
      ...posted(seq),
      type: seq === 1 ? 'document.created' : 'document.changed',
      document: about,
    });
    room.sequence.receive(changed(1, document({ id: 5, title: 'Minutes', updated_at: '2026-11-24T13:00:00.000Z' })));
    room.sequence.receive(changed(2, document({ title: 'Agenda for Thursday' })));
    expect(room.documents?.map((each) => each.title)).toEqual(['Minutes', 'Agenda for Thursday']);
    expect(room.documentNotes.map((note) => note.what).sort()).toEqual(['created', 'created', 'renamed']);
  });

  it('does not go back to what a document was before a later save', async () => {
    const { api, room } = setup();
    api.documents.mockResolvedValueOnce([document({ revision: 3 })]);
    await room.loadDocuments();
    room.takeDocument(document({ revision: 2, title: 'Old' }));
    expect(room.documents?.[0]?.title).toBe('Agenda');
  });

  it('shows what is posted, edited and deleted, as it happens', async () => {
    const { room } = setup();
    await room.load();
    room.sequence.receive(posted(1));
    room.sequence.receive(posted(2));
    room.sequence.receive(edited(3, 1, 'better'));
    room.sequence.receive({
      ...posted(4),
      type: 'message.deleted',
      message: message(2, { body: '', deleted_at: '2026-11-24T13:00:00.000Z' }),
    });
    expect(shown(room)).toEqual(['better', '']);
  });

  it('counts what is unread without having been opened', () => {
    const { room } = setup({ last_seq: 3, message_count: 3, membership: { read_number: 1, unread: 2, joined_at: '' } });
    expect(room.unread).toBe(2);
    room.sequence.receive(posted(4));
    expect(room.unread).toBe(3);
    room.sequence.receive(posted(4));
    expect(room.unread).toBe(3);
  });

  it('does not count what one wrote oneself, on whatever device', () => {
    const { room, emit } = setup();
    room.sequence.receive(posted(1, { author: ada }));
    expect(room.unread).toBe(0);
    expect(emit.mock.calls).toEqual([[{ type: 'read', room }]]);
  });

  it('still counts what others wrote before one’s own', () => {
    const { room } = setup();
    room.sequence.receive(posted(1));
    room.sequence.receive(posted(2, { author: ada }));
    expect(room.unread).toBe(1);
  });

  it('reads at once what arrives while somebody watches', () => {
    const { room, emit } = setup();
    room.isWatched = true;
    room.sequence.receive(posted(1));
    expect(room.unread).toBe(0);
    expect(emit.mock.calls).toEqual([[{ type: 'read', room }]]);
    expect(room.newFrom).toBeNull();
  });

  it('draws the line where reading stopped while nobody watched', () => {
    const { room } = setup();
    room.sequence.receive(posted(1));
    room.sequence.receive(posted(2));
    expect(room.newFrom).toBe(1);
    room.markRead();
    room.sequence.receive(posted(3));
    expect(room.newFrom).toBe(3);
  });

  it('keeps the line where it is while somebody reads back from it', async () => {
    const { room, api } = setup({ last_seq: 900, message_count: 900, membership: { ...read(100), unread: 800 } });
    api.messages.mockResolvedValueOnce(page([899, 900], { prev: '/older' }));
    await room.load();
    room.open();
    expect(room.newFrom).toBe(101);
    room.isWatched = true;
    room.markRead();
    expect(room.newBelow(900)).toBe(0);
    room.isWatched = false;
    api.messages.mockResolvedValueOnce(page([100, 101, 102], { prev: '/older', next: '/newer' }));
    await room.loadFirstNew();
    expect(api.messages).toHaveBeenLastCalledWith(1, { around_number: 101 });
    expect(room.newBelow(102)).toBe(798);
    room.sequence.receive(posted(901));
    expect(room.newFrom).toBe(101);
    expect(room.newBelow(102)).toBe(799);
    room.markRead();
    room.sequence.receive(posted(902));
    expect(room.newFrom).toBe(902);
    expect(room.newBelow(102)).toBe(1);
  });

  it('loads nothing when the first new message is on the page already', async () => {
    const { room, api } = setup({ last_seq: 3, message_count: 3, membership: { ...read(1), unread: 2 } });
    api.messages.mockResolvedValueOnce(page([1, 2, 3]));
    await room.load();
    room.open();
    await room.loadFirstNew();
    expect(api.messages).toHaveBeenCalledTimes(1);
  });

  it('does not count deleted messages, once and only those that were not read', () => {
    const { room } = setup({ last_seq: 3, message_count: 3, membership: read(1) });
    const deleted = (seq: number, number: number, author = grace): RoomEvent => ({
      ...posted(seq),
      type: 'message.deleted',
      message: message(number, { author, body: '', deleted_at: '2026-11-24T13:00:00.000Z' }),
    });
    expect(room.unread).toBe(2);
    room.sequence.receive(deleted(4, 3));
    expect(room.unread).toBe(1);
    room.sequence.receive(deleted(5, 1));
    expect(room.unread).toBe(1);
    room.sequence.receive(posted(6, { author: ada, number: 4 }));
    room.sequence.receive(deleted(7, 4, ada));
    expect(room.unread).toBe(1);
    room.readElsewhere(2, 0, { message_count: 4, last_seq: 7 });
    expect(room.unread).toBe(0);
    room.sequence.receive(posted(8, { number: 5 }));
    expect(room.unread).toBe(1);
  });

  it('counts once what is in the list of rooms and comes as an event too', async () => {
    const { room } = setup({ last_seq: 2, message_count: 2, membership: read(0) });
    await room.load();
    expect(room.unread).toBe(2);
    // Three messages came while the list travelled: one's own, one of another, and that one was deleted.
    const membership = { read_number: 0, unread: 2, joined_at: '' };
    room.refresh({ ...facts({ last_seq: 6, message_count: 5 }), membership });
    expect(room.unread).toBe(2);
    room.sequence.receive(posted(3, { author: ada }));
    room.sequence.receive(posted(4));
    room.sequence.receive(posted(5, { author: ada }));
    const deleted = message(4, { body: '', deleted_at: '2026-11-24T13:00:00.000Z' });
    room.sequence.receive({ ...posted(6), type: 'message.deleted', message: deleted });
    expect(room.unread).toBe(2);
    room.sequence.receive(posted(7, { number: 6 }));
    expect(room.unread).toBe(3);
  });

  it('counts what was posted after another device said how far it has read', () => {
    const { room } = setup({ last_seq: 4, message_count: 4, membership: read(0) });
    room.sequence.receive(posted(5));
    // It read up to the third when there were four, and the fifth was posted since.
    room.readElsewhere(3, 1, { message_count: 4, last_seq: 4 });
    expect(room.unread).toBe(2);
    // And what is not here yet is counted when it comes.
    room.readElsewhere(4, 2, { message_count: 6, last_seq: 6 });
    expect(room.unread).toBe(1);
    room.sequence.receive(posted(6));
    expect(room.unread).toBe(2);
  });

  it('takes read marks of another device, and never goes back', () => {
    const { room, emit } = setup({ last_seq: 5, message_count: 5 });
    room.readTo(4, false);
    room.readTo(2, false);
    expect(room.unread).toBe(1);
    expect(emit).not.toHaveBeenCalled();
  });

  it('repairs what was missed, edits too, when it comes back', async () => {
    const { room, api } = setup();
    await room.load();
    room.sequence.receive(posted(1));
    api.eventsAfter.mockResolvedValueOnce({ items: [posted(2), edited(3, 1, 'better')], head: 3, more: false });
    room.refresh(facts({ last_seq: 3, message_count: 2 }));
    await settled();
    expect(shown(room)).toEqual(['better', 'message 2']);
    expect(api.eventsAfter).toHaveBeenCalledWith(1, 1);
  });

  it('asks for nothing when nothing was missed', async () => {
    const { room, api } = setup();
    await room.load();
    room.sequence.receive(posted(1));
    room.refresh(facts({ last_seq: 1, message_count: 1 }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(api.eventsAfter).not.toHaveBeenCalled();
  });

  it('jumps ahead without reading events that nothing on the page shows', async () => {
    const { room, api } = setup();
    room.refresh(facts({ last_seq: 900, message_count: 300 }));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(api.eventsAfter).not.toHaveBeenCalled();
    room.sequence.receive(posted(901, { number: 301 }));
    expect(room.unread).toBe(301);
  });

  it('is not set back by an answer that events have overtaken', () => {
    const { room } = setup();
    room.sequence.receive({ ...posted(1), type: 'room.changed', room: facts({ name: 'Hall' }) });
    room.refresh(facts({ name: 'Lobby', membership: null }));
    expect(room.facts.name).toBe('Hall');
    expect(room.isMember).toBe(true);
  });

  it('puts events on top of a page of history that travelled while they arrived', async () => {
    const { room, api } = setup();
    let answer: (page: MessagePage) => void = () => undefined;
    api.messages.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const loading = room.load();
    room.sequence.receive(posted(1));
    room.sequence.receive(posted(2));
    api.eventsAfter.mockResolvedValueOnce({ items: [posted(2)], head: 2, more: false });
    answer(page([1], { seq: 1 }));
    await loading;
    expect(shown(room)).toEqual(['message 1', 'message 2']);
    expect(api.eventsAfter).toHaveBeenCalledWith(1, 1);
  });

  it('drops the answer to a load that another load has overtaken', async () => {
    const { room, api } = setup();
    let answer: (page: MessagePage) => void = () => undefined;
    api.messages.mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    const first = room.load(101);
    api.messages.mockResolvedValueOnce(page([9]));
    await room.load();
    answer(page([1]));
    await first;
    expect(shown(room)).toEqual(['message 9']);
  });

  it('says why its history could not be read, and reads it when asked again', async () => {
    const { room, api } = setup();
    api.messages.mockRejectedValueOnce(new Unreachable());
    await room.load();
    expect(room.failure).toBeInstanceOf(Unreachable);
    await room.load();
    expect(room.failure).toBeNull();
    expect(room.messages).not.toBeNull();
  });

  it('reads everything anew when too much was missed', async () => {
    const { room, api } = setup();
    await room.load();
    api.eventsAfter.mockResolvedValueOnce({ items: [], head: 5_000, more: false, resync: true });
    api.messages.mockResolvedValueOnce(page([4_000], { prev: '/older', seq: 5_000 }));
    api.room.mockResolvedValueOnce(facts({ last_seq: 5_000, message_count: 4_000 }));
    room.sequence.noteHead(5_000);
    await vi.advanceTimersByTimeAsync(GAP_WAIT_MS);
    expect(shown(room)).toEqual(['message 4000']);
    expect(room.unread).toBe(4_000);
  });

  it('knows who comes and goes, once it was asked who is there', async () => {
    const { room, api } = setup();
    api.members.mockResolvedValueOnce([{ ...grace, joined_at: '' }]);
    await room.loadMembers();
    room.sequence.receive({ ...posted(1), type: 'member.joined', user: ada });
    expect(room.members?.map((member) => member.name)).toEqual(['Ada Lovelace', 'Grace Hopper']);
    room.sequence.receive({ ...posted(2), type: 'member.removed', user: grace });
    expect(room.members?.map((member) => member.name)).toEqual(['Ada Lovelace']);
  });

  it('says when it is oneself who was removed', () => {
    const { room, emit } = setup();
    room.sequence.receive({ ...posted(1), type: 'member.removed', user: ada });
    expect(emit.mock.calls).toEqual([[{ type: 'removed', room }]]);
  });

  it('keeps nothing when it is left', async () => {
    const { room } = setup();
    await room.load();
    room.sequence.receive(posted(1));
    room.forget();
    expect(room.messages).toBeNull();
    expect(room.unread).toBe(0);
  });

  it('stops believing that somebody types when they are silent, or have sent', () => {
    const { room } = setup();
    room.here = [grace, ada];
    room.setTyping(grace.id, true);
    room.setTyping(ada.id, true);
    expect(room.typing).toEqual(['Grace Hopper']);
    vi.advanceTimersByTime(5_000);
    expect(room.typing).toEqual([]);
    room.setTyping(grace.id, true);
    room.sequence.receive(posted(1, { author: grace }));
    expect(room.typing).toEqual([]);
  });

  it('edits what one wrote last, and nothing else while that is still on its way', async () => {
    const { room, unsent } = setup();
    await room.load();
    room.sequence.receive(posted(1, { author: ada }));
    room.sequence.receive(posted(2));
    const sending = unsent.add(room.id, 'On its way');
    room.editLast();
    expect(room.editing).toBeNull();
    unsent.discard(sending.client_id);
    room.editLast();
    expect(room.editing).toBe(101);
  });

  it('forgets an unsent message when its event comes, and notes when it came', async () => {
    const { room, unsent, timelines } = setup();
    await room.load();
    const { client_id } = unsent.add(room.id, 'On its way');
    const own = message(1, { author: ada, client_id });
    room.on({ type: 'event', event: { ...posted(1), message: own } as RoomEvent, receivedAt: 7 });
    expect(unsent.list).toEqual([]);
    expect(timelines.of(own)).toMatchObject({ receivedAt: 7, via: 'socket' });
  });

  it('shows the answer to one’s own post when it is quicker than the event, and once', async () => {
    const { room } = setup();
    await room.load();
    const own = message(1, { author: ada, client_id: 'x' });
    room.take(own);
    room.sequence.receive({ ...posted(1), message: own } as RoomEvent);
    expect(shown(room)).toEqual(['message 1']);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import FakePusher from '../testing/fake-pusher';
import { Unreachable } from '../http/problem';
import {
  type Authorise,
  type DocumentChannelEvent,
  Realtime,
  type RealtimeEvent,
  type RoomChannelEvent,
} from './realtime';
import { posted, settled } from '../testing/objects';

vi.mock('pusher-js', () => import('../testing/fake-pusher'));

function setup() {
  const authorise = vi.fn<Authorise>(async (_, names) => ({
    channels: names.map((channel_name) => ({ channel_name, auth: 'key:signature' })),
    refused: [],
  }));
  const on = vi.fn<(event: RealtimeEvent) => void>();
  const onRoom = vi.fn<(event: RoomChannelEvent) => void>();
  const realtime = new Realtime({ key: 'key', host: null, port: null, tls: null }, authorise, on);
  const states = () => on.mock.calls.flatMap(([event]) => (event.type === 'connection' ? [event.state] : []));
  const subscribed = () => on.mock.calls.filter(([event]) => event.type === 'subscribed').length;
  return { authorise, on, onRoom, states, subscribed, realtime, pusher: FakePusher.last };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('location', new URL('http://hubbub.test:8080/'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the socket', () => {
  it('hands on a room’s events, and the head when some were left out', () => {
    const { onRoom, realtime, pusher } = setup();
    realtime.subscribeRoom(1, onRoom);
    pusher.channel('private-room.1')?.emit('message.posted', posted(7));
    pusher.channel('private-room.1')?.emit('room.head', { room_id: 1, seq: 9 });
    expect(onRoom.mock.calls).toEqual([
      [{ type: 'event', event: posted(7), receivedAt: expect.any(Number) }],
      [{ type: 'head', seq: 9 }],
    ]);
  });

  it('says that nothing is missed any more when the last channel is joined, and not before', () => {
    const { onRoom, subscribed, realtime, pusher } = setup();
    realtime.subscribeUser(5);
    realtime.subscribeRoom(1, onRoom);
    pusher.change('connected');
    pusher.succeed('private-user.5');
    expect(subscribed()).toBe(0);
    pusher.succeed('private-room.1');
    expect(subscribed()).toBe(1);
  });

  it('says so again after each reconnect', () => {
    const { subscribed, realtime, pusher } = setup();
    realtime.subscribeUser(5);
    for (let connection = 1; connection <= 2; connection += 1) {
      pusher.change('connected');
      pusher.succeed('private-user.5');
      pusher.change('connecting');
    }
    expect(subscribed()).toBe(2);
  });

  it('does not wait for ever for a channel that nobody answers', () => {
    const { subscribed, realtime, pusher } = setup();
    realtime.subscribeUser(5);
    pusher.change('connected');
    vi.advanceTimersByTime(5_000);
    expect(subscribed()).toBe(1);
  });

  it('asks again for a channel whose authorisation nobody answered', async () => {
    const { authorise, onRoom, realtime, pusher } = setup();
    realtime.subscribeRoom(1, onRoom);
    authorise.mockRejectedValueOnce(new Unreachable());
    expect(await pusher.authorise('private-room.1')).toBe('refused');
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { type: 'AuthError' });
    vi.advanceTimersByTime(2_000);
    expect(pusher.subscriptions).toEqual(['private-room.1', 'private-room.1']);
    expect(onRoom).not.toHaveBeenCalled();
  });

  it('gives a room up that the server refuses', async () => {
    const { authorise, onRoom, realtime, pusher } = setup();
    realtime.subscribeRoom(1, onRoom);
    authorise.mockResolvedValueOnce({ channels: [], refused: ['private-room.1'] });
    await pusher.authorise('private-room.1');
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { type: 'AuthError' });
    vi.advanceTimersByTime(60_000);
    expect(onRoom.mock.calls).toEqual([[{ type: 'refused' }]]);
    expect(pusher.subscriptions).toHaveLength(1);
  });

  it('gives a room up that its person was removed from', () => {
    const { onRoom, realtime, pusher } = setup();
    realtime.subscribeRoom(1, onRoom);
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { status: 403, type: 'Revoked' });
    expect(onRoom.mock.calls).toEqual([[{ type: 'refused' }]]);
    expect(pusher.channel('private-room.1')).toBeUndefined();
  });

  it('hears a room again that was left and joined again', () => {
    const { onRoom, realtime, pusher } = setup();
    realtime.subscribeRoom(1, onRoom);
    realtime.unsubscribeRoom(1);
    realtime.subscribeRoom(1, onRoom);
    realtime.subscribeRoom(1, onRoom);
    pusher.channel('private-room.1')?.emit('message.posted', posted(1));
    expect(onRoom).toHaveBeenCalledOnce();
  });

  it('is present in one room at a time', () => {
    const { onRoom, realtime, pusher } = setup();
    realtime.subscribePresence(1, onRoom);
    realtime.subscribePresence(1, onRoom);
    realtime.subscribePresence(2, onRoom);
    expect([...pusher.channels.keys()]).toEqual(['presence-room.2']);
    expect(pusher.subscriptions).toEqual(['presence-room.1', 'presence-room.2']);
    realtime.unsubscribePresence();
    expect([...pusher.channels.keys()]).toEqual([]);
  });

  it('believes the server, not the sender, about who is typing', () => {
    const { onRoom, realtime, pusher } = setup();
    realtime.subscribePresence(1, onRoom);
    pusher.channel('presence-room.1')?.emit('client-typing', { typing: true, user_id: '9' }, { user_id: '2' });
    pusher.channel('presence-room.1')?.emit('client-typing', { typing: 'yes' }, { user_id: '2' });
    expect(onRoom.mock.calls).toEqual([
      [{ type: 'typing', userId: 2, isTyping: true }],
      [{ type: 'typing', userId: 2, isTyping: false }],
    ]);
  });

  it('is in one document at a time, and believes the server about who wrote', () => {
    const { realtime, pusher } = setup();
    const onDocument = vi.fn<(event: DocumentChannelEvent) => void>();
    realtime.subscribeDocument(4, onDocument);
    const subscription = realtime.subscribeDocument(5, onDocument);
    expect([...pusher.channels.keys()]).toEqual(['presence-document.5']);
    const channel = pusher.channel('presence-document.5');
    channel?.emit('client-update', { update: 'AA==', user_id: '9' }, { user_id: '2' });
    expect(onDocument).toHaveBeenLastCalledWith({
      type: 'update',
      update: { update: 'AA==', user_id: '9' },
      userId: 2,
    });
    channel?.emit('document.saved', { revision: 3 });
    expect(onDocument).toHaveBeenLastCalledWith({ type: 'saved', saved: { revision: 3 } });
    channel?.emit('pusher:subscription_error', { status: 403, type: 'Revoked' });
    expect(onDocument).toHaveBeenLastCalledWith({ type: 'refused' });
    subscription.unsubscribe();
    expect([...pusher.channels.keys()]).toEqual([]);
  });

  it('tells an open document of every loss and return of the connection', () => {
    const { realtime, pusher } = setup();
    const onDocument = vi.fn<(event: DocumentChannelEvent) => void>();
    realtime.subscribeDocument(5, onDocument);
    for (let connection = 1; connection <= 2; connection += 1) {
      pusher.change('connected');
      pusher.succeed('presence-document.5');
      pusher.change('connecting');
    }
    const types = onDocument.mock.calls.map(([event]) => event.type).filter((type) => type !== 'presence');
    expect(types).toEqual(['subscribed', 'disconnected', 'subscribed', 'disconnected']);
  });

  it('tries again by itself, sooner than pusher-js would', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { states, pusher } = setup();
    pusher.change('connected');
    pusher.change('connecting');
    vi.advanceTimersByTime(1_000 + 2_000);
    expect(pusher.attempts).toBe(2);
    expect(states().at(-1)).toBe('connecting');
  });

  it('does not try again when the server says not to come back', async () => {
    const { states, pusher } = setup();
    pusher.change('connected');
    pusher.disconnect();
    await settled();
    vi.advanceTimersByTime(60_000);
    expect(states().at(-1)).toBe('refused');
    expect(pusher.attempts).toBe(0);
  });

  it('is silent when it is closed', () => {
    const { states, realtime, pusher } = setup();
    pusher.change('connected');
    realtime.close();
    vi.advanceTimersByTime(60_000);
    expect(states()).toHaveLength(1);
    expect(pusher.attempts).toBe(0);
  });
});

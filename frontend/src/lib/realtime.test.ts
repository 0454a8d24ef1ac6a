import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import FakePusher from './fake-pusher';
import { ApiError, Unreachable } from './problem';
import { Realtime, type RealtimeHost } from './realtime';
import { posted, settled } from './testing';

vi.mock('pusher-js', () => import('./fake-pusher'));

function setup() {
  const host = {
    authorise: vi.fn<RealtimeHost['authorise']>(async () => ({ auth: 'key:signature' })),
    connectionChanged: vi.fn(),
    subscribed: vi.fn(),
    roomEvent: vi.fn(),
    roomHead: vi.fn(),
    roomRefused: vi.fn(),
    roomJoined: vi.fn(),
    roomLeft: vi.fn(),
    roomRead: vi.fn(),
    presenceChanged: vi.fn(),
    typing: vi.fn(),
  } satisfies RealtimeHost;
  const realtime = new Realtime({ key: 'key', host: null, port: null, tls: null }, host);
  return { host, realtime, pusher: FakePusher.last };
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
    const { host, realtime, pusher } = setup();
    realtime.joinRoom(1);
    pusher.channel('private-room.1')?.emit('message.posted', posted(7));
    pusher.channel('private-room.1')?.emit('room.head', { room_id: 1, seq: 9 });
    expect(host.roomEvent).toHaveBeenCalledWith(posted(7), expect.any(Number));
    expect(host.roomHead).toHaveBeenCalledWith(1, 9);
  });

  it('says that nothing is missed any more when the last channel is joined, and not before', () => {
    const { host, realtime, pusher } = setup();
    realtime.joinUser(5);
    realtime.joinRoom(1);
    pusher.change('connected');
    pusher.succeed('private-user.5');
    expect(host.subscribed).not.toHaveBeenCalled();
    pusher.succeed('private-room.1');
    expect(host.subscribed).toHaveBeenCalledOnce();
  });

  it('says so again after each reconnect', () => {
    const { host, realtime, pusher } = setup();
    realtime.joinUser(5);
    for (let connection = 1; connection <= 2; connection += 1) {
      pusher.change('connected');
      pusher.succeed('private-user.5');
      pusher.change('connecting');
    }
    expect(host.subscribed).toHaveBeenCalledTimes(2);
  });

  it('does not wait for ever for a channel that nobody answers', () => {
    const { host, realtime, pusher } = setup();
    realtime.joinUser(5);
    pusher.change('connected');
    vi.advanceTimersByTime(5_000);
    expect(host.subscribed).toHaveBeenCalledOnce();
  });

  it('asks again for a channel whose authorisation nobody answered', async () => {
    const { host, realtime, pusher } = setup();
    realtime.joinRoom(1);
    host.authorise.mockRejectedValueOnce(new Unreachable());
    expect(await pusher.authorise('private-room.1')).toBe('refused');
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { type: 'AuthError' });
    vi.advanceTimersByTime(2_000);
    expect(pusher.subscriptions).toEqual(['private-room.1', 'private-room.1']);
    expect(host.roomRefused).not.toHaveBeenCalled();
  });

  it('gives a room up that the server refuses', async () => {
    const { host, realtime, pusher } = setup();
    realtime.joinRoom(1);
    host.authorise.mockRejectedValueOnce(new ApiError(403, 'channel_refused', 'No.'));
    await pusher.authorise('private-room.1');
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { type: 'AuthError' });
    vi.advanceTimersByTime(60_000);
    expect(host.roomRefused).toHaveBeenCalledWith(1);
    expect(pusher.subscriptions).toHaveLength(1);
  });

  it('gives a room up that its person was removed from', () => {
    const { host, realtime, pusher } = setup();
    realtime.joinRoom(1);
    pusher.channel('private-room.1')?.emit('pusher:subscription_error', { status: 403, type: 'Revoked' });
    expect(host.roomRefused).toHaveBeenCalledWith(1);
    expect(pusher.channel('private-room.1')).toBeUndefined();
  });

  it('hears a room again that was left and joined again', () => {
    const { host, realtime, pusher } = setup();
    realtime.joinRoom(1);
    realtime.leaveRoom(1);
    realtime.joinRoom(1);
    realtime.joinRoom(1);
    pusher.channel('private-room.1')?.emit('message.posted', posted(1));
    expect(host.roomEvent).toHaveBeenCalledOnce();
  });

  it('is present in one room at a time', () => {
    const { realtime, pusher } = setup();
    realtime.enterRoom(1);
    realtime.enterRoom(1);
    realtime.enterRoom(2);
    expect([...pusher.channels.keys()]).toEqual(['presence-room.2']);
    expect(pusher.subscriptions).toEqual(['presence-room.1', 'presence-room.2']);
    realtime.enterRoom(null);
    expect([...pusher.channels.keys()]).toEqual([]);
  });

  it('believes the server, not the sender, about who is typing', () => {
    const { host, realtime, pusher } = setup();
    realtime.enterRoom(1);
    pusher.channel('presence-room.1')?.emit('client-typing', { typing: true, user_id: '9' }, { user_id: '2' });
    pusher.channel('presence-room.1')?.emit('client-typing', { typing: 'yes' }, { user_id: '2' });
    expect(host.typing.mock.calls).toEqual([
      [1, 2, true],
      [1, 2, false],
    ]);
  });

  it('is in one document at a time, and believes the server about who wrote', () => {
    const { realtime, pusher } = setup();
    const listener = {
      joined: vi.fn(),
      left: vi.fn(),
      refused: vi.fn(),
      peopleChanged: vi.fn(),
      heard: vi.fn(),
      saved: vi.fn(),
    };
    realtime.joinDocument(4, listener);
    const line = realtime.joinDocument(5, listener);
    expect([...pusher.channels.keys()]).toEqual(['presence-document.5']);
    const channel = pusher.channel('presence-document.5');
    channel?.emit('client-update', { update: 'AA==', user_id: '9' }, { user_id: '2' });
    expect(listener.heard).toHaveBeenCalledWith({ update: 'AA==', user_id: '9' }, 2);
    channel?.emit('document.saved', { revision: 3 });
    expect(listener.saved).toHaveBeenCalledWith({ revision: 3 });
    channel?.emit('pusher:subscription_error', { status: 403, type: 'Revoked' });
    expect(listener.refused).toHaveBeenCalledOnce();
    line.leave();
    expect([...pusher.channels.keys()]).toEqual([]);
  });

  it('tells an open document of every loss and return of the connection', () => {
    const { realtime, pusher } = setup();
    const listener = {
      joined: vi.fn(),
      left: vi.fn(),
      refused: vi.fn(),
      peopleChanged: vi.fn(),
      heard: vi.fn(),
      saved: vi.fn(),
    };
    realtime.joinDocument(5, listener);
    for (let connection = 1; connection <= 2; connection += 1) {
      pusher.change('connected');
      pusher.succeed('presence-document.5');
      pusher.change('connecting');
    }
    expect([listener.joined.mock.calls.length, listener.left.mock.calls.length]).toEqual([2, 2]);
  });

  it('tries again by itself, sooner than pusher-js would', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { host, pusher } = setup();
    pusher.change('connected');
    pusher.change('connecting');
    vi.advanceTimersByTime(1_000 + 2_000);
    expect(pusher.attempts).toBe(2);
    expect(host.connectionChanged).toHaveBeenLastCalledWith('connecting');
  });

  it('does not try again when the server says not to come back', async () => {
    const { host, pusher } = setup();
    pusher.change('connected');
    pusher.disconnect();
    await settled();
    vi.advanceTimersByTime(60_000);
    expect(host.connectionChanged).toHaveBeenLastCalledWith('refused');
    expect(pusher.attempts).toBe(0);
  });

  it('is silent when it is closed', () => {
    const { host, realtime, pusher } = setup();
    pusher.change('connected');
    realtime.close();
    vi.advanceTimersByTime(60_000);
    expect(host.connectionChanged).toHaveBeenCalledTimes(1);
    expect(pusher.attempts).toBe(0);
  });
});

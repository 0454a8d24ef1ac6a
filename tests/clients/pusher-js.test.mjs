// pusher-js, unmodified, against the real server: what any client of the Pusher protocol may rely on.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';

import Pusher from 'pusher-js';

import { Server } from '../support/server.mjs';

/** The demo's rooms. */
const LOBBY = 1;
/** Long enough for a busy machine; nothing waits this long when all is well. */
const DEADLINE_MS = 10_000;

/** @typedef {import('pusher-js').Channel} Channel */
/** @typedef {import('pusher-js').PresenceChannel} PresenceChannel */

const server = new Server();
/** @type {string} */
let appKey;
/** @type {Pusher[]} */
let open = [];

before(async () => {
  await server.start();
  appKey = (await server.request('GET', '/api/v1/instance')).socket.key;
});

afterEach(() => {
  for (const pusher of open) pusher.disconnect();
  open = [];
});

after(() => server[Symbol.asyncDispose]());

/** A client as the documentation of pusher-js has it.  @param {string} [token] */
function connect(token, key = appKey) {
  const { hostname, port } = new URL(server.url);
  const pusher = new Pusher(key, {
    cluster: '',
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ['ws'],
    enableStats: false,
    channelAuthorization: {
      endpoint: `${server.url}/broadcasting/auth`,
      transport: 'ajax',
      headersProvider: () => (token ? { Authorization: `Bearer ${token}` } : {}),
    },
  });
  open.push(pusher);
  return pusher;
}

/**
 * The next time that something happens; what it brings.
 * @param {{ bind: Function, unbind: Function }} emitter
 * @param {string} event
 * @param {(...data: any[]) => boolean} [wanted]
 * @returns {Promise<any[]>}
 */
function next(emitter, event, wanted = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${DEADLINE_MS} ms`)), DEADLINE_MS);
    const heard = (/** @type {any[]} */ ...data) => {
      if (!wanted(...data)) return;
      clearTimeout(timer);
      emitter.unbind(event, heard);
      resolve(data);
    };
    emitter.bind(event, heard);
  });
}

/** Subscribes, and returns the channel when it is joined.  @param {Pusher} pusher @param {string} name */
async function join(pusher, name) {
  const channel = pusher.subscribe(name);
  const joined = next(channel, 'pusher:subscription_succeeded');
  const refused = next(channel, 'pusher:subscription_error').then(([error]) => {
    throw new Error(`${name} was refused: ${JSON.stringify(error)}`);
  });
  refused.catch(() => undefined);
  await Promise.race([joined, refused]);
  return channel;
}

describe('pusher-js', () => {
  it('connects and gets a socket id', async () => {
    const pusher = connect();
    await next(pusher.connection, 'connected');
    assert.match(pusher.connection.socket_id, /^\d+\.\d+$/);
  });

  it('gives up when the app key is wrong: 4001', async () => {
    const pusher = connect(undefined, 'nonsense');
    const [error] = await next(pusher.connection, 'error');
    assert.equal((error.error ?? error).data.code, 4001);
    if (pusher.connection.state !== 'disconnected') await next(pusher.connection, 'disconnected');
  });

  it('joins a public channel without asking anybody', async () => {
    const channel = await join(connect(), 'news');
    assert.equal(channel.subscribed, true);
  });

  it('hears a message of a private channel as it is posted', async () => {
    const ada = await server.as('ada');
    const grace = await server.as('grace');
    const channel = await join(connect(grace.token), `private-room.${LOBBY}`);
    const heard = next(channel, 'message.posted', (event) => event.message.body === 'live');
    const posted = await ada.post(LOBBY, 'live');
    const [event] = await heard;
    assert.equal(event.message.id, posted.id);
    assert.equal(event.seq, posted.seq);
    assert.equal(event.actor.username, 'ada');
    assert.ok(event.flow.stored_us > 0 && event.flow.dispatched_us >= event.flow.stored_us);
  });

  it('hears messages in the order of the log, each once', async () => {
    const ada = await server.as('ada');
    const channel = await join(connect(ada.token), `private-room.${LOBBY}`);
    /** @type {number[]} */
    const seqs = [];
    channel.bind('message.posted', (/** @type {{ seq: number }} */ event) => seqs.push(event.seq));
    const last = next(channel, 'message.posted', (event) => event.message.body === 'number 20');
    for (let number = 1; number <= 20; number += 1) await ada.post(LOBBY, `number ${number}`);
    await last;
    assert.deepEqual(
      seqs,
      Array.from({ length: 20 }, (_, index) => (seqs[0] ?? 0) + index),
    );
  });

  it('knows who is in a presence channel, and who comes and goes', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const channel = /** @type {PresenceChannel} */ (await join(connect(ada.token), `presence-room.${LOBBY}`));
    assert.equal(channel.members.count, 1);
    assert.equal(channel.members.me.info.name, 'Ada Lovelace');
    const added = next(channel, 'pusher:member_added');
    const other = connect(grace.token);
    const theirs = /** @type {PresenceChannel} */ (await join(other, `presence-room.${LOBBY}`));
    const [member] = await added;
    assert.deepEqual(member, { id: String(grace.user.id), info: { username: 'grace', name: 'Grace Hopper' } });
    assert.equal(theirs.members.count, 2);
    const removed = next(channel, 'pusher:member_removed');
    other.unsubscribe(`presence-room.${LOBBY}`);
    const [gone] = await removed;
    assert.equal(gone.id, String(grace.user.id));
    assert.equal(channel.members.count, 1);
  });

  it('counts a person once, whatever number of windows they have open', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const channel = /** @type {PresenceChannel} */ (await join(connect(ada.token), `presence-room.${LOBBY}`));
    let added = 0;
    channel.bind('pusher:member_added', () => (added += 1));
    const windows = [connect(grace.token), connect(grace.token)];
    for (const window of windows) await join(window, `presence-room.${LOBBY}`);
    windows[0]?.disconnect();
    const removed = next(channel, 'pusher:member_removed');
    windows[1]?.disconnect();
    await removed;
    assert.equal(added, 1);
    assert.equal(channel.members.count, 1);
  });

  it('relays a client event to the others, with the sender’s true id, and not back', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const sender = await join(connect(ada.token), `presence-room.${LOBBY}`);
    const receiver = await join(connect(grace.token), `presence-room.${LOBBY}`);
    /** @type {unknown[]} */
    const returned = [];
    sender.bind('client-typing', (/** @type {unknown} */ data) => returned.push(data));
    const heard = next(receiver, 'client-typing');
    sender.trigger('client-typing', { typing: true });
    const [data, metadata] = await heard;
    assert.deepEqual(data, { typing: true });
    assert.equal(metadata.user_id, String(ada.user.id));
    // What comes back later than the answer to this one would have come by now.
    const answer = next(sender, 'client-typing');
    receiver.trigger('client-typing', { typing: false });
    await answer;
    assert.deepEqual(returned, [{ typing: false }]);
  });

  it('hears nothing more of a channel that it has left', async () => {
    const ada = await server.as('ada');
    const pusher = connect(ada.token);
    const left = await join(pusher, `private-room.${LOBBY}`);
    /** @type {unknown[]} */
    const heard = [];
    left.bind('message.posted', (/** @type {unknown} */ event) => heard.push(event));
    pusher.unsubscribe(`private-room.${LOBBY}`);
    const mine = await join(pusher, `private-user.${ada.user.id}`);
    const grace = await server.as('grace');
    const sentinel = next(mine, 'room.joined');
    await ada.post(LOBBY, 'not heard');
    const room = await grace.createRoom('Sentinel', 'closed', [ada.user.id]);
    assert.deepEqual((await sentinel)[0], { room_id: room });
    assert.deepEqual(heard, []);
  });

  it('is refused a room that its person is not in, and stays connected', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const room = await ada.createRoom('Not for Grace');
    const pusher = connect(grace.token);
    const [error] = await next(pusher.subscribe(`private-room.${room}`), 'pusher:subscription_error');
    assert.equal(error.type, 'AuthError');
    assert.equal(error.status, 403);
    await join(pusher, `private-room.${LOBBY}`);
    assert.equal(pusher.connection.state, 'connected');
  });

  it('is refused every private channel without a token', async () => {
    const [error] = await next(connect().subscribe(`private-room.${LOBBY}`), 'pusher:subscription_error');
    assert.equal(error.status, 401);
  });

  it('is refused another person’s channel', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const refused = connect(grace.token).subscribe(`private-user.${ada.user.id}`);
    assert.equal((await next(refused, 'pusher:subscription_error'))[0].status, 403);
  });

  it('is taken out of a room’s channels when its person is removed', async () => {
    const [ada, grace] = [await server.as('ada'), await server.as('grace')];
    const room = await ada.createRoom('For a while', 'closed', [grace.user.id]);
    const pusher = connect(grace.token);
    const channel = await join(pusher, `private-room.${room}`);
    const mine = await join(pusher, `private-user.${grace.user.id}`);
    /** @type {unknown[]} */
    const heard = [];
    channel.bind('message.posted', (/** @type {unknown} */ event) => heard.push(event));
    const revoked = next(channel, 'pusher:subscription_error');
    const left = next(mine, 'room.left');
    await ada.call('DELETE', `/rooms/${room}/members/${grace.user.id}`);
    const [error] = await revoked;
    assert.equal(error.status, 403);
    assert.equal(error.type, 'Revoked');
    assert.deepEqual((await left)[0], { room_id: room });
    const sentinel = next(mine, 'room.joined');
    await ada.post(room, 'not heard');
    await ada.createRoom('Sentinel', 'closed', [grace.user.id]);
    await sentinel;
    assert.deepEqual(heard, []);
  });

  it('comes back by itself after the server was restarted', async () => {
    const ada = await server.as('ada');
    const pusher = connect(ada.token);
    await join(pusher, `private-room.${LOBBY}`);
    const first = pusher.connection.socket_id;
    await server.stop();
    await server.start();
    const channel = pusher.channel(`private-room.${LOBBY}`);
    if (!channel.subscribed || pusher.connection.socket_id === first) {
      await new Promise((resolve) => channel.bind('pusher:subscription_succeeded', resolve));
    }
    const heard = next(channel, 'message.posted', (event) => event.message.body === 'after');
    await (await server.as('ada')).post(LOBBY, 'after');
    await heard;
  });
});

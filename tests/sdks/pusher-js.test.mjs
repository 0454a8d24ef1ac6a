// pusher-js, as any page uses it, with the Node server SDK as its application.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import PusherServer from 'pusher';
import PusherClient from 'pusher-js';
import nacl from 'tweetnacl';

import {
  APP,
  MASTER_KEY,
  clientOptions,
  heard,
  serverOptions,
  startApplication,
  startHubbub,
  until,
} from './server.mjs';

let hubbub, application, publisher;
const clients = [];

before(async () => {
  application = await startApplication(() => publisher);
  hubbub = await startHubbub(`subscription_counts = true\n`);
  publisher = new PusherServer({
    appId: APP.id,
    ...APP,
    host: '127.0.0.1',
    port: String(hubbub.port),
    useTLS: false,
    encryptionMasterKeyBase64: MASTER_KEY,
  });
});

after(async () => {
  application.stop();
  await hubbub.stop();
});

afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

async function connect(user, more = {}) {
  const client = new PusherClient(APP.key, { ...clientOptions(hubbub.port, application, user), nacl, ...more });
  clients.push(client);
  await heard(client.connection, 'connected');
  return client;
}

async function subscribe(client, name) {
  const channel = client.subscribe(name);
  const { data } = await heard(channel, 'pusher:subscription_succeeded');
  return { channel, data };
}

test('a client connects and gets a socket id', async () => {
  const client = await connect();
  assert.match(client.connection.socket_id, /^\d+\.\d+$/);
});

test('events arrive on public, private and presence channels', async () => {
  const client = await connect();
  for (const name of ['public', 'private-a', 'presence-a']) {
    const { channel } = await subscribe(client, name);
    const event = heard(channel, 'scored');
    await publisher.trigger(name, 'scored', { home: 1, text: 'é "quoted"' });
    assert.deepEqual((await event).data, { home: 1, text: 'é "quoted"' });
  }
});

test('an encrypted channel is decrypted by the client alone', async () => {
  const client = await connect();
  const { channel } = await subscribe(client, 'private-encrypted-a');
  const event = heard(channel, 'scored');
  await publisher.trigger('private-encrypted-a', 'scored', { secret: true });
  assert.deepEqual((await event).data, { secret: true });
});

test('a channel that the application forbids, and one signed for another, are refused', async () => {
  const client = await connect();
  const forbidden = await heard(client.subscribe('private-forbidden'), 'pusher:subscription_error');
  assert.equal(forbidden.data.status, 403);
  const authorizer = () => ({ authorize: (_, callback) => callback(null, { auth: `${APP.key}:${'0'.repeat(64)}` }) });
  const liar = new PusherClient(APP.key, { ...serverOptions(hubbub.port), authorizer });
  clients.push(liar);
  const refused = await heard(liar.subscribe('private-a'), 'pusher:subscription_error');
  assert.deepEqual([refused.data.type, refused.data.status], ['AuthError', 401]);
});

test('presence knows people, not tabs', async () => {
  const ada = await connect('ada');
  const { channel, data: members } = await subscribe(ada, 'presence-people');
  assert.deepEqual([members.count, members.me.id, members.me.info], [1, 'ada', { name: 'ada' }]);
  const added = heard(channel, 'pusher:member_added');
  const grace = await connect('grace');
  await subscribe(grace, 'presence-people');
  assert.deepEqual((await added).data, { id: 'grace', info: { name: 'grace' } });
  const tab = await connect('grace');
  const { data: seen } = await subscribe(tab, 'presence-people');
  assert.equal(seen.count, 2);
  const removed = heard(channel, 'pusher:member_removed');
  grace.disconnect();
  tab.disconnect();
  assert.equal((await removed).data.id, 'grace');
  assert.equal(channel.members.count, 1);
});

test('clients send each other events, with the sender named on presence channels', async () => {
  const [ada, grace] = [await connect('ada'), await connect('grace')];
  for (const [name, metadata] of [
    ['private-talk', undefined],
    ['presence-talk', { user_id: 'grace' }],
  ]) {
    const [{ channel: hears }, { channel: sends }] = [await subscribe(ada, name), await subscribe(grace, name)];
    const event = heard(hears, 'client-typing');
    assert.ok(sends.trigger('client-typing', { typing: true }));
    const { data, metadata: got } = await event;
    assert.deepEqual(data, { typing: true });
    assert.deepEqual(got?.user_id, metadata?.user_id);
  }
});

test('a cache channel gives a late visitor its last event, and says when it has none', async () => {
  const client = await connect();
  const empty = client.subscribe('cache-empty');
  await heard(empty, 'pusher:cache_miss');
  await publisher.trigger('cache-score', 'scored', { home: 2 });
  const late = client.subscribe('cache-score');
  assert.deepEqual((await heard(late, 'scored')).data, { home: 2 });
});

test('subscribers hear how many they are', async () => {
  const [first, second] = [await connect(), await connect()];
  const channel = first.subscribe('counted');
  const count = heard(channel, 'pusher:subscription_count');
  assert.equal((await count).data.subscription_count, 1);
  const next = heard(channel, 'pusher:subscription_count');
  await subscribe(second, 'counted');
  assert.equal((await next).data.subscription_count, 2);
  assert.equal(channel.subscriptionCount, 2);
});

test('a user signs in, is reached on every socket, and is watched by others', async () => {
  const ada = await connect('ada');
  ada.signin();
  const offline = await heard(ada.user.watchlist, 'offline');
  assert.deepEqual(offline.data.user_ids, ['grace']);
  assert.equal(ada.user.user_data.id, 'ada');
  const online = heard(ada.user.watchlist, 'online');
  const grace = await connect('grace');
  grace.signin();
  assert.deepEqual((await online).data.user_ids, ['grace']);
  const notice = heard(ada.user, 'notice');
  await publisher.sendToUser('ada', 'notice', { for: 'ada' });
  assert.deepEqual((await notice).data, { for: 'ada' });
});

test('a terminated user is disconnected and does not come back', async () => {
  const client = await connect('eve');
  client.signin();
  await until(() => client.user.user_data, 'the sign-in');
  const error = heard(client.connection, 'error');
  const states = [];
  client.connection.bind('state_change', ({ current }) => states.push(current));
  await publisher.terminateUserConnections('eve');
  assert.equal((await error).data.data.code, 4009);
  await until(() => client.connection.state === 'disconnected', 'the end');
  assert.ok(!states.includes('connecting'), `${states}`);
});

test('who publishes with a socket id hears nothing of it, and the others do', async () => {
  const [sender, other] = [await connect(), await connect()];
  const [{ channel: mine }, { channel: theirs }] = [await subscribe(sender, 'echo'), await subscribe(other, 'echo')];
  const order = [];
  mine.bind_global((name) => order.push(name));
  const first = heard(theirs, 'first');
  await publisher.trigger('echo', 'first', {}, { socket_id: sender.connection.socket_id });
  await first;
  const second = heard(mine, 'second');
  await publisher.trigger('echo', 'second', {});
  await second;
  assert.deepEqual(
    order.filter((name) => !name.startsWith('pusher:')),
    ['second'],
  );
});

test('a client that unsubscribes hears nothing more', async () => {
  const client = await connect();
  const { channel } = await subscribe(client, 'left');
  let events = 0;
  channel.bind('e', () => events++);
  client.unsubscribe('left');
  const { channel: sentinel } = await subscribe(client, 'sentinel');
  const last = heard(sentinel, 'last');
  await publisher.trigger(['left', 'sentinel'], 'e', {});
  await publisher.trigger('sentinel', 'last', {});
  await last;
  assert.equal(events, 0);
});

test('an unknown key is told to the client, which gives up', async () => {
  const client = new PusherClient('nobody', clientOptions(hubbub.port, application));
  clients.push(client);
  const { data } = await heard(client.connection, 'error');
  assert.equal(data.error.data.code, 4001);
  await until(() => client.connection.state === 'disconnected', 'the client to give up');
});

test('a client reconnects when the server restarts, and joins its channels again', async () => {
  const own = await startHubbub();
  const client = new PusherClient(APP.key, clientOptions(own.port, application));
  clients.push(client);
  const { channel } = await subscribe(client, 'again');
  // pusher-js comes back at once, finds nobody there, and then waits 15 seconds.
  const back = heard(channel, 'pusher:subscription_succeeded', 40_000);
  await own.stop();
  const next = await startHubbub('', own.port);
  await back;
  const event = heard(channel, 'e');
  await new PusherServer({ appId: APP.id, ...APP, host: '127.0.0.1', port: String(next.port), useTLS: false }).trigger(
    'again',
    'e',
    {},
  );
  await event;
  client.disconnect();
  await next.stop();
});

test('the file of apps is read again without dropping a client', async () => {
  const own = await startHubbub();
  const client = new PusherClient(APP.key, clientOptions(own.port, application));
  clients.push(client);
  await subscribe(client, 'kept');
  const states = [];
  client.connection.bind('state_change', ({ current }) => states.push(current));
  await own.reload(`[[apps]]\nid = "${APP.id}"\nkey = "${APP.key}"\nsecret = "${APP.secret}"\n
[[apps]]\nid = "5"\nkey = "fifth"\nsecret = "s"\n`);
  const fifth = await until(async () => {
    const late = new PusherClient('fifth', clientOptions(own.port, application));
    clients.push(late);
    const state = await Promise.race([
      heard(late.connection, 'connected').then(() => 'connected'),
      heard(late.connection, 'error').then(() => 'error'),
    ]);
    return state === 'connected';
  }, 'the new app');
  assert.ok(fifth);
  assert.deepEqual(states, []);
  client.disconnect();
  await own.stop();
});

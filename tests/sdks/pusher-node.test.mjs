// The Node server SDK: what an application asks and is told.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import PusherServer from 'pusher';
import PusherClient from 'pusher-js';

import { APP, clientOptions, heard, startApplication, startHubbub, until } from './server.mjs';

let hubbub, application, publisher, client;

before(async () => {
  application = await startApplication(() => publisher);
  hubbub = await startHubbub(`[[apps.webhooks]]\nurl = "${application.url}/hook"\n`);
  publisher = new PusherServer({ appId: APP.id, ...APP, host: '127.0.0.1', port: String(hubbub.port), useTLS: false });
  client = new PusherClient(APP.key, clientOptions(hubbub.port, application));
  await heard(client.connection, 'connected');
});

after(async () => {
  client.disconnect();
  application.stop();
  await hubbub.stop();
});

const json = async (response) => (await response).json();

test('channels, their counts, their users and what they hold are told', async () => {
  await heard(client.subscribe('presence-asked'), 'pusher:subscription_succeeded');
  await publisher.trigger('cache-asked', 'scored', { home: 1 });
  assert.deepEqual(await json(publisher.get({ path: '/channels' })), { channels: { 'presence-asked': {} } });
  const params = { filter_by_prefix: 'presence-', info: 'user_count' };
  assert.deepEqual(await json(publisher.get({ path: '/channels', params })), {
    channels: { 'presence-asked': { user_count: 1 } },
  });
  assert.deepEqual(await json(publisher.get({ path: '/channels/presence-asked/users' })), { users: [{ id: 'ada' }] });
  const cached = await json(publisher.get({ path: '/channels/cache-asked', params: { info: 'cache' } }));
  assert.equal(cached.cache.data, '{"home":1}');
  await assert.rejects(publisher.get({ path: '/channels/plain/users' }), (error) => error.status === 400);
});

test('a publish answers what was asked', async () => {
  assert.deepEqual(await json(publisher.trigger('plain', 'e', {})), {});
  const asked = await json(publisher.trigger(['plain', 'presence-asked'], 'e', {}, { info: 'user_count' }));
  assert.deepEqual(asked, { channels: { plain: {}, 'presence-asked': { user_count: 1 } } });
});

test('a batch is published in order', async () => {
  const channel = client.subscribe('batched');
  await heard(channel, 'pusher:subscription_succeeded');
  const events = [];
  channel.bind_global((name, data) => name.startsWith('pusher:') || events.push(data));
  const batch = [1, 2, 3].map((number) => ({ channel: 'batched', name: 'e', data: number }));
  assert.deepEqual(await json(publisher.triggerBatch(batch)), {});
  await until(() => events.length === 3, 'the batch');
  assert.deepEqual(events, [1, 2, 3]);
});

test('what is too large or badly signed is an error of the SDK', async () => {
  await assert.rejects(publisher.trigger('plain', 'e', 'x'.repeat(20_000)), (error) => error.status === 413);
  const liar = new PusherServer({
    appId: APP.id,
    key: APP.key,
    secret: 'guessed',
    host: '127.0.0.1',
    port: String(hubbub.port),
    useTLS: false,
  });
  await assert.rejects(liar.trigger('plain', 'e', {}), (error) => error.status === 401);
});

test('webhooks are accepted by the SDK that checks them', async () => {
  const channel = client.subscribe('presence-told');
  await heard(channel, 'pusher:subscription_succeeded');
  channel.trigger('client-x', { a: 1 });
  client.unsubscribe('presence-told');
  const told = () =>
    application.webhooks
      .flatMap((webhook) => webhook.getEvents())
      .filter((event) => event.channel === 'presence-told')
      .map((event) => event.name);
  const expected = ['channel_occupied', 'channel_vacated', 'client_event', 'member_added', 'member_removed'];
  await until(() => told().length >= expected.length, 'the webhooks');
  assert.deepEqual(told().sort(), expected);
  for (const webhook of application.webhooks) {
    assert.ok(webhook.isValid());
    assert.ok(webhook.getTime() instanceof Date);
  }
});

// Laravel Echo, with both of the broadcasters that speak the protocol.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import Echo from 'laravel-echo';
import PusherServer from 'pusher';
import PusherClient from 'pusher-js';

import { APP, clientOptions, inTime, startApplication, startHubbub } from './server.mjs';

let hubbub, application, publisher;
const echoes = [];

before(async () => {
  application = await startApplication(() => publisher);
  hubbub = await startHubbub();
  publisher = new PusherServer({ appId: APP.id, ...APP, host: '127.0.0.1', port: String(hubbub.port), useTLS: false });
});

after(async () => {
  echoes.forEach((echo) => echo.disconnect());
  application.stop();
  await hubbub.stop();
});

function echo(user, broadcaster = 'pusher') {
  const options = { ...clientOptions(hubbub.port, application, user), wssPort: hubbub.port, broadcaster, key: APP.key };
  const made = new Echo({ ...options, Pusher: PusherClient });
  echoes.push(made);
  return made;
}

const subscribed = (channel) => inTime(new Promise((resolve) => channel.subscribed(resolve)), 'the subscription');
const event = (channel, name) => inTime(new Promise((resolve) => channel.listen(name, resolve)), name);

for (const broadcaster of ['pusher', 'reverb']) {
  test(`${broadcaster}: events of public and private channels are heard by their class`, async () => {
    const client = echo('ada', broadcaster);
    for (const [join, name] of [
      ['channel', 'orders'],
      ['private', 'private-orders'],
    ]) {
      const channel = client[join]('orders');
      await subscribed(channel);
      const shipped = event(channel, 'OrderShipped');
      const plain = event(channel, '.shipped');
      await publisher.trigger(name, 'App\\Events\\OrderShipped', { order: 7 });
      await publisher.trigger(name, 'shipped', { order: 8 });
      assert.deepEqual([(await shipped).order, (await plain).order], [7, 8]);
    }
  });
}

test('here, joining and leaving name people', async () => {
  const [ada, grace] = [echo('ada'), echo('grace')];
  const channel = ada.join('room.1');
  const [here, joining, leaving] = ['here', 'joining', 'leaving'].map((name) =>
    inTime(new Promise((resolve) => channel[name](resolve)), name),
  );
  assert.deepEqual(await here, [{ name: 'ada' }]);
  await subscribed(grace.join('room.1'));
  assert.deepEqual(await joining, { name: 'grace' });
  grace.leave('room.1');
  assert.deepEqual(await leaving, { name: 'grace' });
});

test('whispers reach the others', async () => {
  const [ada, grace] = [echo('ada'), echo('grace')];
  const [hears, whispers] = [ada.private('talk'), grace.private('talk')];
  await Promise.all([subscribed(hears), subscribed(whispers)]);
  const typing = inTime(new Promise((resolve) => hears.listenForWhisper('typing', resolve)), 'the whisper');
  whispers.whisper('typing', { name: 'grace' });
  assert.deepEqual(await typing, { name: 'grace' });
});

test('a refused channel is told to error()', async () => {
  const channel = echo('ada').private('forbidden');
  const error = await inTime(new Promise((resolve) => channel.error(resolve)), 'the error');
  assert.equal(error.status, 403);
});

test('toOthers: whoever passes the socket id on is left out', async () => {
  const [ada, grace] = [echo('ada'), echo('grace')];
  const [mine, theirs] = [ada.channel('others'), grace.channel('others')];
  await Promise.all([subscribed(mine), subscribed(theirs)]);
  let own = 0;
  mine.listen('.posted', () => own++);
  const posted = event(theirs, '.posted');
  await publisher.trigger('others', 'posted', {}, { socket_id: ada.socketId() });
  await posted;
  const last = event(mine, '.last');
  await publisher.trigger('others', 'last', {});
  await last;
  assert.equal(own, 0);
});

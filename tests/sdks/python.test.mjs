// The Python server SDK, heard by pusher-js. The SDK runs in a process of its own that reads calls and writes answers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import PusherServer from 'pusher';
import PusherClient from 'pusher-js';
import nacl from 'tweetnacl';

import { APP, MASTER_KEY, heard, inTime, serverOptions, startApplication, startHubbub, until } from './server.mjs';

let hubbub, application, python, answers, client;

before(async () => {
  const checker = new PusherServer({ appId: APP.id, ...APP, host: '127.0.0.1' });
  application = await startApplication(() => checker);
  hubbub = await startHubbub(`[[apps.webhooks]]\nurl = "${application.url}/hook"\n`);
  const interpreter = process.env.HUBBUB_PYTHON ?? 'venv/bin/python';
  const env = { ...process.env, PUSHER_APP: JSON.stringify({ ...APP, port: hubbub.port, master_key: MASTER_KEY }) };
  python = spawn(interpreter, ['python_sdk.py'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  answers = createInterface({ input: python.stdout });
  const authorizer = ({ name }) => ({
    authorize: (socketId, callback) => {
      const user = name.startsWith('presence-') ? [{ user_id: 'ada', user_info: { name: 'Ada' } }] : [];
      call('authenticate', name, socketId, ...user).then((data) => callback(null, data), callback);
    },
  });
  const userAuthentication = {
    customHandler: ({ socketId }, callback) =>
      call('authenticate_user', socketId, { id: 'ada' }).then((data) => callback(null, data), callback),
  };
  client = new PusherClient(APP.key, { ...serverOptions(hubbub.port), nacl, authorizer, userAuthentication });
  await heard(client.connection, 'connected');
});

after(async () => {
  client.disconnect();
  python.stdin.end();
  application.stop();
  await hubbub.stop();
});

let last = Promise.resolve();

/** Calls a method of the Python SDK; one at a time. */
function call(method, ...args) {
  const answer = last.then(async () => {
    const line = once(answers, 'line');
    python.stdin.write(`${JSON.stringify([method, args])}\n`);
    const { result, error } = JSON.parse((await inTime(line, `an answer to ${method}`))[0]);
    if (error) throw new Error(error);
    return result;
  });
  last = answer.catch(() => {});
  return answer;
}

for (const name of ['public', 'private-a', 'presence-a', 'private-encrypted-a']) {
  test(`an event for ${name} arrives`, async () => {
    const channel = client.subscribe(name);
    await heard(channel, 'pusher:subscription_succeeded');
    const event = heard(channel, 'scored');
    assert.deepEqual(await call('trigger', name, 'scored', { home: 1 }), {});
    assert.deepEqual((await event).data, { home: 1 });
  });
}

test('a batch arrives in order', async () => {
  const channel = client.subscribe('batched');
  await heard(channel, 'pusher:subscription_succeeded');
  const events = [];
  channel.bind('e', (data) => events.push(data));
  await call(
    'trigger_batch',
    [1, 2].map((number) => ({ channel: 'batched', name: 'e', data: { number } })),
  );
  await until(() => events.length === 2, 'the batch');
  assert.deepEqual(events, [{ number: 1 }, { number: 2 }]);
});

test('channels and users are told', async () => {
  assert.deepEqual(await call('channels_info', 'presence-', ['user_count']), {
    channels: { 'presence-a': { user_count: 1 } },
  });
  assert.deepEqual(await call('users_info', 'presence-a'), { users: [{ id: 'ada' }] });
  assert.deepEqual(await call('channel_info', 'presence-a', ['user_count']), { occupied: true, user_count: 1 });
});

test('a user is signed in and reached', async () => {
  client.signin();
  await until(() => client.user.user_data, 'the sign-in');
  const notice = heard(client.user, 'notice');
  await call('send_to_user', 'ada', 'notice', { for: 'ada' });
  assert.deepEqual((await notice).data, { for: 'ada' });
});

test('this version of the SDK terminates nobody, on any server: its path lacks /apps/ID', async () => {
  await assert.rejects(call('terminate_user_connections', 'ada'), /404/);
});

test('webhooks are accepted by the SDK that checks them', async () => {
  const webhook = await until(() => application.webhooks[0], 'a webhook');
  const told = await call('validate_webhook', APP.key, webhook.signature, webhook.body);
  assert.equal(told.events[0].name, 'channel_occupied');
  assert.equal(await call('validate_webhook', APP.key, '0'.repeat(64), webhook.body), null);
});

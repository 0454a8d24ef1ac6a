// permessage-deflate as another implementation has it: ws, for Node.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, it } from 'node:test';

import WebSocket from 'ws';

import { Server } from '../support/server.mjs';

// Whatever gets shorter is deflated.
const server = new Server({ environment: { HUBBUB_SOCKET_DEFLATE_MIN_BYTES: '1' } });
/** @type {string} */
let url;

before(async () => {
  await server.start();
  const { socket } = await server.request('GET', '/api/v1/instance');
  url = `${server.url.replace('http', 'ws')}/app/${socket.key}?protocol=7`;
});

after(() => server[Symbol.asyncDispose]());

/** @param {WebSocket} socket @param {string} event */
async function next(socket, event) {
  for (;;) {
    const [data] = await once(socket, 'message');
    const frame = JSON.parse(String(data));
    if (frame.event === event) return frame;
  }
}

it('ws is understood when it deflates, and understands', async () => {
  const socket = new WebSocket(url, { perMessageDeflate: { threshold: 0 } });
  await next(socket, 'pusher:connection_established');
  assert.equal(socket.extensions, 'permessage-deflate');

  const channel = `private-${'x'.repeat(150)}`;
  for (let repeat = 0; repeat < 3; repeat += 1) {
    // The answer repeats the channel, and so is worth deflating.
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel, auth: 'y'.repeat(2000) } }));
    const refused = await next(socket, 'pusher:subscription_error');
    assert.equal(refused.channel, channel);
  }
  socket.send(JSON.stringify({ event: 'pusher:ping', data: {} }));
  await next(socket, 'pusher:pong');

  socket.close(4000);
  const [code] = await once(socket, 'close');
  assert.equal(code, 4000);
});

it('a message that inflates beyond the limit is refused', async () => {
  const socket = new WebSocket(url, { perMessageDeflate: { threshold: 0 } });
  await next(socket, 'pusher:connection_established');
  socket.send(JSON.stringify({ event: 'pusher:ping', data: 'x'.repeat(10_000_000) }));
  const [code] = await once(socket, 'close');
  assert.equal(code, 1009);
});

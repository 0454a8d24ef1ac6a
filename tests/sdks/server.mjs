// A Hubbub for one test file, and an application that uses it as its Pusher.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { Server } from '../support/server.mjs';

export { BINARY } from '../support/server.mjs';

export const DEADLINE_MS = 10_000;
export const APP = { id: '4711', key: 'app-key', secret: 'app-secret' };
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

/** Starts a server whose second app is APP; `more` is appended to the app's entry in the file of apps. */
export async function startHubbub(more = '', port = 0) {
  const apps = `[[apps]]\nid = "${APP.id}"\nkey = "${APP.key}"\nsecret = "${APP.secret}"\n${more}`;
  const environment = {
    HUBBUB_APPS_FILE: 'apps.toml',
    HUBBUB_WEBHOOK_HOLD_MS: '100',
    HUBBUB_SHUTDOWN_SPREAD_MS: '0',
    HUBBUB_MAX_SOCKETS: '1000',
  };
  const server = await new Server({ isDemo: false, environment, files: { 'apps.toml': apps }, port }).start();
  const stop = () => server[Symbol.asyncDispose]();
  return { port: Number(new URL(server.url).port), stop, reload: (text) => server.reload('apps.toml', text) };
}

/** An application's own HTTP server: it authorises channels with `sdk`, and keeps what webhooks tell it. */
export async function startApplication(sdk) {
  const webhooks = [];
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push({ url: request.url, headers: request.headers });
    if (request.url === '/hook') {
      webhooks.push(sdk().webhook({ headers: request.headers, rawBody: body }));
      return response.end();
    }
    const { socket_id, channel_name } = Object.fromEntries(new URLSearchParams(body));
    const user = request.headers['x-user'] ?? 'ada';
    if (channel_name?.includes('forbidden')) {
      response.statusCode = 403;
      return response.end();
    }
    const answer = request.url.endsWith('user-auth')
      ? sdk().authenticateUser(socket_id, { id: user, user_info: { name: user }, watchlist: ['grace'] })
      : sdk().authorizeChannel(socket_id, channel_name, { user_id: user, user_info: { name: user } });
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, webhooks, requests, stop };
}

/** The options with which clients reach the server. */
export function serverOptions(port) {
  return {
    cluster: 'ignored', // demanded by pusher-js, and without a meaning beside wsHost
    wsHost: '127.0.0.1',
    wsPort: port,
    forceTLS: false,
    enabledTransports: ['ws'],
    enableStats: false,
  };
}

/** The options with which they reach the application too. */
export function clientOptions(port, application, user = 'ada') {
  const headers = { 'X-User': user };
  return {
    ...serverOptions(port),
    channelAuthorization: { endpoint: `${application.url}/broadcasting/auth`, transport: 'ajax', headers },
    userAuthentication: { endpoint: `${application.url}/broadcasting/user-auth`, transport: 'ajax', headers },
  };
}

/** What `target` (a channel, a user, a connection, a watchlist) says next under this name. */
export function heard(target, name, deadlineMs = DEADLINE_MS) {
  return inTime(
    new Promise((resolve) => {
      const listen = (data, metadata) => {
        target.unbind(name, listen);
        resolve({ data, metadata });
      };
      target.bind(name, listen);
    }),
    name,
    deadlineMs,
  );
}

/** Waits for a promise no longer than the deadline. */
export async function inTime(promise, what, deadlineMs = DEADLINE_MS) {
  const late = sleep(deadlineMs, undefined, { ref: false }).then(() => {
    throw new Error(`waited in vain for ${what}`);
  });
  return Promise.race([promise, late]);
}

/** Waits until `look` answers something true; answers it. */
export async function until(look, what) {
  const end = Date.now() + DEADLINE_MS;
  while (Date.now() < end) {
    const seen = await look();
    if (seen) return seen;
    await sleep(20);
  }
  throw new Error(`waited in vain for ${what}`);
}

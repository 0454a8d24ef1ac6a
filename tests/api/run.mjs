// Runs schemathesis against a server of its own: it reads the contract from the server and tries every operation with valid
// and invalid requests. The seed is fixed, so that two runs send the same.

import { spawn } from 'node:child_process';
import { createServer, request as send } from 'node:http';

import { Server } from '../support/server.mjs';

const APP = { id: '4711', key: 'app-key', secret: 'app-secret' };
const APPS = `[[apps]]\nid = "${APP.id}"\nkey = "${APP.key}"\nsecret = "${APP.secret}"\n`;

/**
 * Passes requests on to the server. The event stream has no end, and schemathesis waits for it: here it ends after its
 * first block.
 * @param {string} target
 */
async function startProxy(target) {
  const proxy = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const passed = send(target + url, { method, headers, setHost: false }, (answer) => {
      // Node.js reads names of files in UTF-8 from it, and refuses to write them.
      delete answer.headers['content-disposition'];
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (answer.headers['content-type'] !== 'text/event-stream') return answer.pipe(outgoing);
      answer.once('data', (block) => {
        outgoing.end(block);
        passed.destroy();
      });
    });
    passed.on('error', (error) => outgoing.destroy(error));
    incoming.pipe(passed);
  });
  /** @type {Promise<void>} */
  const listening = new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  await listening;
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => proxy.close() };
}

const server = new Server({ environment: { HUBBUB_APPS_FILE: 'apps.toml' }, files: { 'apps.toml': APPS } });
await server.start();
const proxy = await startProxy(server.url);
try {
  const options = process.argv.slice(2);
  const args = ['run', `${proxy.url}/api/v1/openapi.json`, '--url', proxy.url, ...options];
  const environment = {
    ...process.env,
    SCHEMATHESIS_HOOKS: 'hooks',
    HUBBUB_URL: server.url,
    HUBBUB_APP: JSON.stringify(APP),
  };
  const run = spawn(process.env.SCHEMATHESIS ?? 'venv/bin/schemathesis', args, { env: environment, stdio: 'inherit' });
  process.exitCode = await new Promise((resolve, reject) => {
    run.on('error', reject);
    run.on('exit', (code) => resolve(code ?? 1));
  });
} finally {
  proxy.close();
  await server[Symbol.asyncDispose]();
}

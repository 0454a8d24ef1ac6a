// Asks every path of the contract with every method: one that the contract does not name answers 405, with those that it names
// in `Allow`; HEAD answers as GET does, without a body.

import assert from 'node:assert/strict';

import { Server } from '../support/server.mjs';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const server = await new Server().start();
try {
  const { token } = await server.as('ada');
  const { paths } = await server.request('GET', '/api/v1/openapi.json');
  let refused = 0;
  for (const [template, operations] of Object.entries(paths)) {
    const path = template.replace('{app_id}', '1').replace(/\{\w+\}/g, '999999');
    const documented = METHODS.filter((method) => method.toLowerCase() in operations);
    /** @param {string} method */
    const call = (method) => fetch(server.url + path, { method, headers: { Authorization: `Bearer ${token}` } });
    for (const method of METHODS.filter((method) => !documented.includes(method))) {
      const answer = await call(method);
      assert.equal(answer.status, 405, `${method} ${template}`);
      const allowed = answer.headers.get('allow')?.split(', ').sort();
      assert.deepEqual(allowed, [...documented].sort(), `Allow of ${method} ${template}`);
      await answer.arrayBuffer();
      refused += 1;
    }
    if (!documented.includes('HEAD')) continue;
    const [head, get] = [await call('HEAD'), await call('GET')];
    // A call of the Pusher HTTP API is signed with its method; without a signature both are refused.
    assert.equal(head.status, get.status, `HEAD ${template}`);
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'), `HEAD ${template}`);
    assert.equal((await head.arrayBuffer()).byteLength, 0, `HEAD ${template}`);
    await get.arrayBuffer();
  }
  assert.ok(refused > 150, `only ${refused} calls were tried`);
  console.log(`${refused} calls of ${Object.keys(paths).length} paths are refused with the methods that are allowed`);
} finally {
  await server[Symbol.asyncDispose]();
}

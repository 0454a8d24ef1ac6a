// The shipped units: systemd understands every line, and rates what a service may do.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Programs, replaceAll, run, shipped } from './programs.mjs';

const UNITS = ['hubbub.service', 'hubbub-ws.service'];
/** systemd calls 1.0 to 4.9 "OK", and less "SAFE". */
const OK = 4.9;

const hasSystemd = await run('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
);

describe('systemd', { skip: !hasSystemd && 'systemd-analyze is missing' }, () => {
  const programs = new Programs();
  before(() => programs.open());
  after(() => programs[Symbol.asyncDispose]());

  it('understands hubbub.socket, with the service that it starts', async () => {
    const service = replaceAll(await shipped('hubbub.service'), [['/usr/local/bin/hubbub', '/bin/true']]);
    await programs.write('hubbub.service', service);
    const path = await programs.write('hubbub.socket', await shipped('hubbub.socket'));
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', path]);
    assert.equal(stdout + stderr, '');
  });

  for (const unit of UNITS) {
    it(`understands ${unit}`, async () => {
      // It wants a program that is installed.
      const text = replaceAll(await shipped(unit), [['/usr/local/bin/hubbub', '/bin/true']]);
      const path = await programs.write(unit, text);
      const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', path]);
      assert.equal(stdout + stderr, '');
    });

    it(`rates ${unit} as OK`, async () => {
      const path = await programs.write(unit, await shipped(unit));
      const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', path]);
      const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
      assert.ok(exposure <= OK, stdout);
    });
  }
});

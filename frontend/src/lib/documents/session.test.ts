import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

import { ApiError } from '../http/problem';
import { FINE, FakePage, FakeServer, seeded } from '../testing/fake-network';

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const LIVE = 500;

async function setup(count = 2) {
  const server = new FakeServer(seeded(1));
  const pages = Array.from({ length: count }, (_, index) => new FakePage(server, index + 1));
  await pass(1_000);
  const [ada, grace] = pages as [FakePage, FakePage];
  return { server, pages, ada, grace };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a document', () => {
  it('shows what another types at once, and before it is saved', async () => {
    const { server, ada, grace } = await setup();
    ada.type('hello');
    await pass(LIVE);
    expect([grace.text, server.text]).toEqual(['hello', '']);
  });

  it('is saved by whoever typed, once', async () => {
    const { server, ada, grace } = await setup();
    ada.type('hello');
    await pass(60_000);
    expect([server.text, server.saves, grace.session.saveState]).toEqual(['hello', 1, 'saved']);
  });

  it('repairs what the channel lost, long before it is saved', async () => {
    const { server, ada, grace } = await setup();
    server.weather = { ...FINE, failed: 1 };
    server.weather.lost = 1;
    ada.type('lost');
    await pass(LIVE);
    server.weather.lost = 0;
    ada.type(' and found');
    await pass(LIVE);
    expect(grace.text).toBe('lost and found');
  });

  it('finds the loss of the last thing that was typed, though nobody types on', async () => {
    const { server, ada, grace } = await setup();
    server.weather = { ...FINE, lost: 1, failed: 1 };
    ada.type('lost');
    await pass(LIVE);
    server.weather.lost = 0;
    await pass(12_000);
    expect(grace.text).toBe('lost');
  });

  it('is answered once when many could answer', async () => {
    const { server, pages, ada, grace } = await setup(12);
    grace.goOffline();
    server.weather = { ...FINE, failed: 1 };
    ada.type('while she was away');
    await pass(LIVE);
    server.events = [];
    grace.goOnline();
    await pass(3_000);
    expect(pages.map((page) => page.text)).toEqual(pages.map(() => 'while she was away'));
    const answers = server.events.filter(({ event, from }) => from !== grace && event.update !== undefined);
    expect(answers.length).toBeLessThan(4);
  });

  it('loses no deletion, though no state vector tells of it', async () => {
    const { server, ada, grace } = await setup();
    ada.type('abc');
    await pass(5_000);
    server.weather = { ...FINE, lost: 1, carriesUpdate: 0 };
    ada.session.text.delete(0, 1);
    await pass(5_000);
    expect([server.text, grace.text]).toEqual(['bc', 'bc']);
  });

  it('loses no deletion whose author vanished before saving it', async () => {
    const { server, ada, grace } = await setup();
    ada.type('abc');
    await pass(5_000);
    ada.session.text.delete(0, 1);
    await pass(LIVE);
    ada.goOffline();
    ada.session.removed();
    await pass(60_000);
    expect([server.text, grace.text]).toEqual(['bc', 'bc']);
  });

  it('carries by HTTP what no event can', async () => {
    const { server, ada, grace } = await setup();
    server.weather = { ...FINE, carriesUpdate: 0 };
    const large = 'a long text '.repeat(2_000);
    ada.type(large);
    await pass(2_000);
    expect([server.text, grace.text]).toEqual([large, large]);
  });

  it('brings back what was typed offline, after the page was closed in between', async () => {
    const { server, ada, grace } = await setup();
    ada.goOffline();
    ada.type('on the train');
    await pass(30_000);
    expect(ada.session.saveState).toBe('waiting');
    grace.type('in the office. ');
    await pass(5_000);
    ada.crash();
    ada.goOnline();
    await pass(30_000);
    expect(ada.text).toContain('on the train');
    expect(ada.text).toContain('in the office. ');
    expect([grace.text, server.text, ada.kept.size]).toEqual([ada.text, ada.text, 0]);
  });

  it('gives back what a server lost that was restored from a backup', async () => {
    const { server, ada, grace } = await setup();
    ada.type('old. ');
    await pass(5_000);
    const backup = Y.encodeStateAsUpdate(server.doc);
    const revision = server.revision;
    ada.type('new.');
    await pass(5_000);
    server.doc = new Y.Doc();
    Y.applyUpdate(server.doc, backup);
    server.revision = revision;
    for (const page of [ada, grace]) page.goOffline();
    for (const page of [ada, grace]) page.goOnline();
    await pass(60_000);
    expect([server.text, ada.text, grace.text]).toEqual(['old. new.', 'old. new.', 'old. new.']);
  });

  it('gives it back as well when nobody had to connect anew', async () => {
    const { server, ada, grace } = await setup();
    ada.type('one. ');
    await pass(5_000);
    server.doc = new Y.Doc();
    ada.type('two.');
    await pass(10_000);
    expect([server.text, ada.text, grace.text]).toEqual(['one. two.', 'one. two.', 'one. two.']);
  });

  it('keeps to eight events a second with everything that is to be said', async () => {
    const { server, ada } = await setup(3);
    server.events = [];
    for (let key = 0; key < 300; key += 1) {
      ada.type('x');
      ada.session.cursors.awareness.setLocalStateField('cursor', key);
      await pass(20);
    }
    const own = server.events.filter(({ from }) => from === ada);
    expect(own.length).toBeLessThanOrEqual(6 * 8 + 1);
  });

  it('is not broken by what is no Yjs', async () => {
    const { server, ada, grace } = await setup();
    for (const text of [
      '',
      '%',
      'AAAA',
      toBase64(new Uint8Array(50).fill(255)),
      toBase64(new TextEncoder().encode('{"a":1}')),
    ]) {
      grace.session.heard({ update: text, awareness: text, state_vector: text }, 1);
    }
    grace.session.heard({ update: 7 } as never, 1);
    ada.type('still fine');
    await pass(5_000);
    expect([grace.text, server.text]).toEqual(['still fine', 'still fine']);
  });
});

describe('cursors', () => {
  it('are shown to who comes later, and go with who leaves', async () => {
    const { server, ada } = await setup();
    ada.session.cursors.awareness.setLocalStateField('cursor', { anchor: 1, head: 2 });
    await pass(LIVE);
    const late = new FakePage(server, 9);
    await pass(1_000);
    const page = ada.session.doc.clientID;
    expect(late.session.cursors.awareness.getStates().get(page)).toMatchObject({ cursor: { anchor: 1 } });
    expect(late.session.cursors.ownerOf(page)).toBe(1);
    late.session.cursors.removeAbsent((user) => user !== 1);
    expect(late.session.cursors.awareness.getStates().has(page)).toBe(false);
  });

  it('go with a page that is closed', async () => {
    const { ada, grace } = await setup();
    ada.session.cursors.awareness.setLocalStateField('cursor', { anchor: 1, head: 2 });
    await pass(LIVE);
    ada.session.close();
    await pass(LIVE);
    expect(grace.session.cursors.awareness.getStates().has(ada.session.doc.clientID)).toBe(false);
  });
});

describe('a document that is taken away', () => {
  it('is gone when the server says so, and what was typed stays readable', async () => {
    const { server, ada } = await setup();
    server.strangers.add(ada);
    ada.type('not saved');
    await pass(5_000);
    expect([ada.session.phase, ada.session.saveState, ada.text]).toEqual(['gone', 'refused', 'not saved']);
    expect(ada.session.saveFailure).toBeInstanceOf(ApiError);
    expect(server.text).toBe('');
  });

  it('is not written while it is archived, and what was typed before is saved when it is back', async () => {
    const { server, ada } = await setup();
    server.archivedAt = '2026-11-24T12:00:00.000Z';
    ada.type('just before');
    ada.session.setArchived(true);
    await pass(30_000);
    expect([server.text, ada.text]).toEqual(['', 'just before']);
    server.archivedAt = null;
    ada.session.setArchived(false);
    await pass(1_000);
    expect([server.text, ada.session.saveState]).toEqual(['just before', 'saved']);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';

import { ApiError, Unreachable } from '../http/problem';
import { SAVE_AFTER_MS, SAVE_EVERY_MS, SAVE_OTHERS_AFTER_MS, type SaveUpdate, Saver } from './saver';

function setup() {
  const doc = new Y.Doc();
  const server = new Y.Doc();
  const save = vi.fn<SaveUpdate>(async (update) => Y.applyUpdate(server, update));
  const kept: { last: Uint8Array | null } = { last: null };
  const saver = new Saver(
    save,
    (event) => {
      if (event.type === 'keep') kept.last = event.update;
    },
    () => 0,
  );
  let isOwn = true;
  doc.on('update', (update: Uint8Array) => saver.add(update, isOwn));
  return {
    saver,
    save,
    kept,
    type: (text: string) => doc.getText('text').insert(0, text),
    hear: (text: string) => {
      isOwn = false;
      doc.getText('text').insert(0, text);
      isOwn = true;
    },
    erase: () => doc.getText('text').delete(0, 1),
    vector: () => Y.decodeStateVector(Y.encodeStateVector(doc)),
    stored: () => server.getText('text').toString(),
  };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('what is typed', () => {
  it('is saved when somebody stops typing, as one', async () => {
    const { saver, save, stored, type } = setup();
    type('c');
    type('b');
    await pass(SAVE_AFTER_MS - 1);
    type('a');
    expect([saver.state, save.mock.calls.length]).toEqual(['saving', 0]);
    await pass(SAVE_AFTER_MS);
    expect([saver.state, save.mock.calls.length, stored()]).toEqual(['saved', 1, 'abc']);
  });

  it('is saved every few seconds while somebody goes on', async () => {
    const { save, type } = setup();
    for (let at = 0; at < 3 * SAVE_EVERY_MS; at += 500) {
      type('x');
      await pass(500);
    }
    expect(save.mock.calls.length).toBe(3);
  });

  it('is kept on this device until it is saved, and not longer', async () => {
    const { kept, type } = setup();
    type('a');
    await pass(200);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, kept.last ?? new Uint8Array());
    expect(doc.getText('text').toString()).toBe('a');
    await pass(SAVE_AFTER_MS + 200);
    expect(kept.last).toBeNull();
  });

  it('waits while nobody answers, and is saved when somebody does', async () => {
    const { saver, save, stored, type } = setup();
    save.mockRejectedValue(new Unreachable());
    type('a');
    await pass(30_000);
    expect(saver.state).toBe('waiting');
    expect(save.mock.calls.length).toBeLessThan(8);
    save.mockReset();
    save.mockImplementation(async () => undefined);
    saver.saveNow();
    await pass(1);
    expect([saver.state, save.mock.calls.length]).toEqual(['saved', 1]);
    expect(stored()).toBe('');
  });

  it('is not held up by a failure that somebody else made good', async () => {
    const { saver, save, stored, type, vector } = setup();
    save.mockRejectedValueOnce(new Unreachable());
    type('a');
    await pass(SAVE_AFTER_MS);
    saver.serverHas(vector(), null);
    await pass(30_000);
    type('b');
    await pass(SAVE_AFTER_MS);
    expect([saver.state, save.mock.calls.length, stored()]).toEqual(['saved', 2, '']);
  });

  it('is not held up when it was saved and only the answer got lost', async () => {
    const { saver, save, type, vector } = setup();
    let fail = (): void => undefined;
    save.mockImplementationOnce(() => new Promise((_, reject) => (fail = () => reject(new Unreachable()))));
    type('a');
    await pass(SAVE_AFTER_MS);
    saver.serverHas(vector(), null);
    fail();
    await pass(30_000);
    type('b');
    await pass(SAVE_AFTER_MS);
    expect([saver.state, save.mock.calls.length]).toEqual(['saved', 2]);
  });

  it('is tried again as late as the server asks', async () => {
    const { save, type } = setup();
    save.mockRejectedValueOnce(new ApiError(429, 'too_many', 'Too many.', {}, 9));
    type('a');
    await pass(SAVE_AFTER_MS + 8_900);
    expect(save).toHaveBeenCalledTimes(1);
    await pass(200);
    expect(save).toHaveBeenCalledTimes(2);
  });

  it('is said to be refused when the server refuses it', async () => {
    const { saver, save, type } = setup();
    save.mockRejectedValue(new ApiError(413, 'document_too_large', 'Too large.'));
    type('a');
    await pass(SAVE_AFTER_MS);
    expect(saver.state).toBe('refused');
  });

  it('while a save is under way goes with the next', async () => {
    const { saver, save, type } = setup();
    let answer = (): void => undefined;
    save.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    type('a');
    await pass(SAVE_AFTER_MS);
    type('b');
    answer();
    await pass(1);
    expect(saver.state).toBe('saving');
    await pass(SAVE_AFTER_MS);
    expect([saver.state, save.mock.calls.length]).toEqual(['saved', 2]);
  });

  it('leaves with the page, beyond its end when it is small', async () => {
    const { saver, save, type } = setup();
    type('small');
    saver.leave();
    expect(save).toHaveBeenLastCalledWith(expect.anything(), { keepalive: true });
    type('large '.repeat(20_000));
    saver.leave();
    expect(save).toHaveBeenLastCalledWith(expect.anything(), { keepalive: false });
  });

  it('stays here while the document is archived', async () => {
    const { saver, save, type } = setup();
    saver.pause(true);
    type('a');
    await pass(60_000);
    expect([saver.state, save.mock.calls.length]).toEqual(['saving', 0]);
    saver.pause(false);
    await pass(1);
    expect(saver.state).toBe('saved');
  });
});

describe('what others typed', () => {
  it('is theirs to save', async () => {
    const { saver, save, hear, vector } = setup();
    hear('b');
    await pass(5_000);
    saver.serverHas(vector(), null);
    await pass(2 * SAVE_OTHERS_AFTER_MS);
    expect(save).not.toHaveBeenCalled();
  });

  it('is saved from here when they vanish', async () => {
    const { saver, hear, stored } = setup();
    hear('b');
    expect(saver.state).toBe('saved');
    await pass(2 * SAVE_OTHERS_AFTER_MS);
    expect(stored()).toBe('b');
  });

  it('goes with what was typed on top of it', async () => {
    const { hear, stored, type } = setup();
    hear('b');
    type('a');
    await pass(SAVE_AFTER_MS);
    expect(stored()).toBe('ab');
  });
});

describe('a deletion', () => {
  it('is not taken for saved because the server has every letter', async () => {
    const { saver, stored, type, erase, vector } = setup();
    type('ab');
    await pass(SAVE_AFTER_MS);
    erase();
    saver.serverHas(vector(), null);
    expect(saver.state).toBe('saving');
    await pass(SAVE_AFTER_MS);
    expect([saver.state, stored()]).toEqual(['saved', 'b']);
  });
});

import 'fake-indexeddb/auto';

import { describe, expect, it } from 'vitest';

import { UnsavedUpdates } from './unsaved-updates';

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

describe('what is kept on this device', () => {
  it('is found again by the person who wrote it, per document', async () => {
    const kept = new UnsavedUpdates(1);
    await kept.keep(4, 'a', bytes(1));
    await kept.keep(4, 'b', bytes(2));
    await kept.keep(5, 'a', bytes(3));
    await new UnsavedUpdates(2).keep(4, 'a', bytes(9));
    expect((await kept.read(4)).map((each) => [...each.update])).toEqual([[1], [2]]);
    expect(await kept.read()).toHaveLength(3);
  });

  it('is dropped when it was saved, but not what came since', async () => {
    const kept = new UnsavedUpdates(3);
    await kept.keep(4, 'a', bytes(1));
    const [saved] = await kept.read(4);
    if (saved === undefined) throw new Error('nothing was kept');
    await kept.keep(4, 'a', bytes(1, 2));
    await kept.drop(saved);
    expect(await kept.read(4)).toHaveLength(1);
    for (const each of await kept.read(4)) await kept.drop(each);
    expect(await kept.read(4)).toEqual([]);
  });

  it('goes when there is nothing more to keep, and when its person signs out', async () => {
    const kept = new UnsavedUpdates(6);
    await kept.keep(4, 'a', bytes(1));
    await kept.keep(4, 'a', null);
    expect(await kept.read()).toEqual([]);
    await kept.keep(4, 'a', bytes(1));
    await kept.clear();
    await kept.keep(4, 'a', bytes(2));
    expect(await kept.read()).toEqual([]);
  });
});

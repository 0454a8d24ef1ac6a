// Whatever happens on the way: all pages and the server come to the same text, and nothing that was typed is lost.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { FINE, FakePage, FakeServer, type Weather, seeded } from '../testing/fake-network';

/** More for a long run: `HUBBUB_TEST_ROUNDS=2000 npm test -- converge`. */
const ROUNDS = Number(import.meta.env.HUBBUB_TEST_ROUNDS ?? 40);
const STORM: Weather = { lost: 0.3, repeated: 0.2, delayMs: 400, failed: 0.3, carriesUpdate: 0.7 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Every character that is typed is another one, so that each can be followed to its end. */
class Typing {
  #next = 0x4e00;
  typed = new Set<string>();
  deleted = new Set<string>();

  some(page: FakePage, random: () => number): void {
    const text = Array.from({ length: 1 + Math.floor(random() * 4) }, () => String.fromCharCode(this.#next++)).join('');
    for (const character of text) this.typed.add(character);
    page.type(text, random());
  }

  erase(page: FakePage, random: () => number): void {
    const length = page.text.length;
    const from = Math.floor(random() * length);
    const count = Math.min(length - from, 1 + Math.floor(random() * 3));
    for (const character of page.text.slice(from, from + count)) this.deleted.add(character);
    page.session.text.delete(from, count);
  }

  get left(): string[] {
    return [...this.typed].filter((character) => !this.deleted.has(character)).sort();
  }
}

function step(pages: FakePage[], typing: Typing, random: () => number): void {
  const page = pages[Math.floor(random() * pages.length)] as FakePage;
  const chance = random();
  if (chance < 0.04) page.crash();
  else if (chance < 0.1 && page.isOnline) page.goOffline();
  else if (!page.isOnline && chance < 0.3) page.goOnline();
  else if (page.session.phase !== 'open') return;
  else if (chance < 0.45) typing.erase(page, random);
  else typing.some(page, random);
}

for (let seed = 1; seed <= ROUNDS; seed += 1) {
  it(`all pages converge and nothing is lost (seed ${seed})`, async () => {
    const random = seeded(seed);
    const server = new FakeServer(random);
    const pages = Array.from({ length: 2 + (seed % 4) }, (_, index) => new FakePage(server, index + 1));
    await vi.advanceTimersByTimeAsync(1_000);
    const typing = new Typing();
    server.weather = seed % 5 === 0 ? FINE : STORM;
    for (let number = 0; number < 150; number += 1) {
      // A crash takes what was typed within the last moment; a person who types is not that quick.
      await vi.advanceTimersByTimeAsync(160 + (random() < 0.1 ? random() * 9_000 : random() * 200));
      step(pages, typing, random);
    }
    await vi.advanceTimersByTimeAsync(160);
    server.weather = FINE;
    for (const page of pages) if (!page.isOnline) page.goOnline();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(pages.map((page) => page.session.saveState)).toEqual(pages.map(() => 'saved'));
    expect(server.incomplete).toBe(0);
    expect([...server.text].sort().join('')).toBe(typing.left.join(''));
    for (const page of pages) expect(page.text).toBe(server.text);
    for (const page of pages) expect(page.kept.size).toBe(0);
    for (const page of pages) page.session.close();
  });
}

// What somebody has begun to write, by room; kept over a reload, forgotten on signing out.

import { type KeptStorage, keysOf } from './storage';

export class Drafts {
  readonly #prefix: string;

  constructor(
    userId: number,
    private readonly storage: KeptStorage,
  ) {
    this.#prefix = `hubbub.draft.${userId}.`;
  }

  of(roomId: number): string {
    return this.storage.getItem(this.#prefix + roomId) ?? '';
  }

  keep(roomId: number, text: string): void {
    if (text === '') {
      this.storage.removeItem(this.#prefix + roomId);
      return;
    }
    try {
      this.storage.setItem(this.#prefix + roomId, text);
    } catch {
      // The storage is full: the draft lasts as long as the page.
    }
  }

  clear(): void {
    for (const key of keysOf(this.storage, this.#prefix)) this.storage.removeItem(key);
  }
}

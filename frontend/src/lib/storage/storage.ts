// What the page keeps in this browser. A browser may forbid it; then it is kept until the page is closed.

export type KeptStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

/** Storage that lasts as long as the page. */
export class MemoryStorage implements KeptStorage {
  #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

export const storage: KeptStorage = lasting() ?? new MemoryStorage();

function lasting(): Storage | null {
  try {
    localStorage.setItem('hubbub.probe', '');
    localStorage.removeItem('hubbub.probe');
    return localStorage;
  } catch {
    return null;
  }
}

/** All keys that begin so. */
export function keysOf(storage: KeptStorage, prefix: string): string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '').filter((key) =>
    key.startsWith(prefix),
  );
}

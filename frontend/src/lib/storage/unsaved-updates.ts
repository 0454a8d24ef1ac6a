// What somebody wrote into documents and the server does not have: kept in this browser over a reload or a crash.
// Only that, and only until it is saved; the documents themselves are the server's.

import { newClientId } from '../client-id';

/** The unsaved changes of one page in one document: a Yjs update that can be saved as it is. */
export interface UnsavedUpdate {
  /** `[userId, documentId, page]`. */
  key: [number, number, string];
  /** Another one whenever the page keeps something else. */
  stamp: string;
  update: Uint8Array<ArrayBuffer>;
}

const DATABASE = 'hubbub';
const STORE = 'unsaved';

export class UnsavedUpdates {
  #isForgotten = false;
  #database: Promise<IDBDatabase> | null = null;

  constructor(private readonly userId: number) {}

  /** What is kept of one document, or of all; oldest pages have no order among them. */
  async read(documentId?: number): Promise<UnsavedUpdate[]> {
    const from = documentId === undefined ? [this.userId] : [this.userId, documentId];
    // An array sorts behind every number and text.
    const range = IDBKeyRange.bound(from, [...from, []]);
    return this.#run('readonly', (store) => store.getAll(range) as IDBRequest<UnsavedUpdate[]>);
  }

  /** Keeps what one page has not saved, instead of what it kept before; null keeps nothing. */
  async keep(documentId: number, page: string, update: Uint8Array<ArrayBuffer> | null): Promise<void> {
    if (this.#isForgotten) return;
    const key: UnsavedUpdate['key'] = [this.userId, documentId, page];
    const kept = { key, stamp: newClientId(), update };
    await this.#run('readwrite', (store): IDBRequest => (update === null ? store.delete(key) : store.put(kept)));
  }

  /** Drops what was saved, unless its page has changed it since. */
  async drop(saved: UnsavedUpdate): Promise<void> {
    const database = await this.#open();
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite');
      const store = transaction.objectStore(STORE);
      const found = store.get(saved.key) as IDBRequest<UnsavedUpdate | undefined>;
      found.onsuccess = () => {
        if (found.result?.stamp === saved.stamp) store.delete(saved.key);
      };
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('aborted'));
    });
  }

  /** Forgets everything that this person has not saved, and keeps nothing more: they leave this browser. */
  async clear(): Promise<void> {
    this.#isForgotten = true;
    const range = IDBKeyRange.bound([this.userId], [this.userId, []]);
    await this.#run('readwrite', (store) => store.delete(range));
  }

  async #run<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const store = (await this.#open()).transaction(STORE, mode).objectStore(STORE);
    return answered(use(store));
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise((resolve, reject) => {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'key' });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error ?? new Error('refused'));
    });
    return this.#database;
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('refused'));
  });
}

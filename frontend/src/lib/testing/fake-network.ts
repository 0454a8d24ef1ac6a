// For tests: a server that merges as the real one does, and a channel that loses, repeats and reorders what is typed.

import { fromBase64, toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

import type { UnsavedUpdate } from '../storage/unsaved-updates';
import { ApiError, Unreachable } from '../http/problem';
import { ada, document } from './objects';
import type { ClientUpdate, DocumentFacts, DocumentSaved } from '../http/wire';
import { DocumentSession } from '../documents/session';

/** How the network behaves; a test turns these as it likes. */
export interface Weather {
  /** 0 to 1. */
  lost: number;
  repeated: number;
  /** An event takes up to this long; later ones overtake it. */
  delayMs: number;
  /** Of requests: as often as not the server did what it was asked, and only the answer is lost. */
  failed: number;
  /** Events of saves carry the update, unless it is too large for one. */
  carriesUpdate: number;
}

export const FINE: Weather = { lost: 0, repeated: 0, delayMs: 20, failed: 0, carriesUpdate: 1 };

export class FakeServer {
  doc = new Y.Doc();
  revision = 0;
  archivedAt: string | null = null;
  /** Whoever is in it is refused. */
  readonly strangers = new Set<FakePage>();
  readonly pages: FakePage[] = [];
  weather: Weather = FINE;
  saves = 0;
  /** Saves of which a part had to be left out. */
  incomplete = 0;
  events: { event: ClientUpdate; from: FakePage }[] = [];

  constructor(readonly random: () => number) {}

  get text(): string {
    return this.doc.getText('text').toString();
  }

  facts(): DocumentFacts {
    return document({ revision: this.revision, archived_at: this.archivedAt });
  }

  load(stateVector: string | null) {
    const padded = stateVector?.replaceAll('-', '+').replaceAll('_', '/');
    const update = Y.encodeStateAsUpdate(this.doc, padded ? fromBase64(padded) : undefined);
    return { document: this.facts(), update: toBase64(update), state_vector: this.#vector() };
  }

  save(update: Uint8Array, saver: FakePage | null) {
    this.saves += 1;
    if (this.archivedAt !== null) throw new ApiError(409, 'document_archived', 'It is archived.');
    let changed = false;
    const noted = (): void => void (changed = true);
    this.doc.on('update', noted);
    Y.applyUpdate(this.doc, update);
    this.doc.off('update', noted);
    const complete = this.doc.store.pendingStructs === null;
    if (!complete) this.incomplete += 1;
    this.doc.store.pendingStructs = null;
    if (changed) {
      this.revision += 1;
      const event: DocumentSaved = {
        document_id: 4,
        revision: this.revision,
        updated_by: ada,
        state_vector: this.#vector(),
      };
      if (this.random() < this.weather.carriesUpdate) event.update = toBase64(update);
      // The server's own events are not lost but with the connection.
      for (const page of this.pages) if (page !== saver) page.deliver((session) => session.saved(event), false);
    }
    return { document: this.facts(), state_vector: this.#vector(), changed, complete };
  }

  relay(event: ClientUpdate, from: FakePage): void {
    this.events.push({ event, from });
    for (const page of this.pages)
      if (page !== from) page.deliver((session) => session.heard(event, from.userId), true);
  }

  #vector(): string {
    return toBase64(Y.encodeStateVector(this.doc));
  }
}

/** A page with the document open, or one that was closed and comes back. */
export class FakePage {
  session: DocumentSession;
  isOnline = true;
  /** This device's memory: it outlives the page. */
  kept = new Map<string, UnsavedUpdate>();
  #visit = 0;

  constructor(
    readonly server: FakeServer,
    readonly userId: number,
  ) {
    server.pages.push(this);
    this.session = this.#open();
  }

  get text(): string {
    return this.session.text.toString();
  }

  /** Types at a place, from 0 (the beginning) to 1. */
  type(text: string, place = 1): void {
    this.session.text.insert(Math.round(place * this.session.text.length), text);
  }

  goOffline(): void {
    this.isOnline = false;
    this.session.left();
  }

  goOnline(): void {
    this.isOnline = true;
    this.session.joined();
    this.session.tryNow();
  }

  /** The page is gone without a word, and opened anew. */
  crash(): void {
    this.session.left();
    this.session.removed();
    this.session = this.#open();
  }

  deliver(take: (session: DocumentSession) => void, mayBeLost: boolean): void {
    const { random, weather } = this.server;
    if (!this.isOnline || (mayBeLost && random() < weather.lost)) return;
    const session = this.session;
    const arrive = (): void => {
      if (this.isOnline && this.session === session) take(session);
    };
    setTimeout(arrive, random() * weather.delayMs);
    if (mayBeLost && random() < weather.repeated) setTimeout(arrive, random() * 10 * weather.delayMs);
  }

  #open(): DocumentSession {
    const page = `visit ${++this.#visit}`;
    const call = <T>(run: () => T): Promise<T> => this.#call(run);
    const session = new DocumentSession(
      {
        load: (stateVector) => call(() => this.server.load(stateVector)),
        save: (update) => call(() => this.server.save(update, this)),
      },
      {
        send: (update) => {
          if (this.isOnline) this.server.relay(update, this);
        },
        count: () => this.server.pages.length - 1,
      },
      {
        read: async () => [...this.kept.values()],
        drop: async (kept) => {
          if (this.kept.get(kept.key[2])?.stamp === kept.stamp) this.kept.delete(kept.key[2]);
        },
        keep: (update) => {
          if (update === null) this.kept.delete(page);
          else this.kept.set(page, { key: [this.userId, 4, page], stamp: String(Math.random()), update });
        },
      },
      () => undefined,
      this.server.random,
    );
    if (this.isOnline) session.joined();
    return session;
  }

  async #call<T>(run: () => T): Promise<T> {
    const { random, weather } = this.server;
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * 3 * weather.delayMs));
    await pause();
    if (!this.isOnline) throw new Unreachable();
    if (this.server.strangers.has(this)) throw new ApiError(404, 'document_not_found', 'There is no such document.');
    const isFailing = random() < weather.failed;
    if (isFailing && random() < 0.5) throw new Unreachable();
    const answer = run();
    await pause();
    if (isFailing || !this.isOnline) throw new Unreachable();
    return answer;
  }
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// One open document, without a page around it: what is typed travels to the others over the socket at once, and to the
// server by HTTP a moment later. Whatever gets lost on either way is found and repaired.

import { fromBase64, toBase64UrlEncoded } from 'lib0/buffer';
import * as Y from 'yjs';

import type { UnsavedUpdate } from '../storage/unsaved-updates';
import { backoffMs } from '../backoff';
import { ApiError } from '../http/problem';
import type { ClientUpdate, DocumentFacts, DocumentSaved, LoadedDocument, SavedDocument } from '../http/wire';
import { Cursors } from './cursors';
import { LiveSender, type LiveSenderEvent } from './live-sender';
import { Repair, type RepairEvent } from './repair';
import { Revisions } from './revisions';
import { type SaveState, Saver, type SaverEvent } from './saver';
import { type Vector, lacks } from './vector';

/** The server's side of a document. */
export interface DocumentServer {
  /** The document, or what a page with this state vector (base64url) lacks of it. */
  load(stateVector: string | null): Promise<LoadedDocument>;
  save(update: Uint8Array<ArrayBuffer>, options: { keepalive: boolean }): Promise<SavedDocument>;
}

/** The way to the other pages in the document. */
export interface DocumentPeers {
  /** Sends them something; it may get lost. */
  send(update: ClientUpdate): void;
  /** How many others have joined the channel. */
  count(): number;
}

/** What this device keeps of the document until the server has it. */
export interface DocumentStorage {
  /** What earlier visits and other tabs have kept. */
  read(): Promise<UnsavedUpdate[]>;
  drop(update: UnsavedUpdate): Promise<void>;
  /** Keeps what this page has not saved; null when it has saved everything. */
  keep(update: Uint8Array<ArrayBuffer> | null): void;
}

/** `facts`: the server's facts of the document. `changed`: `phase`, `saveState` or a failure is another. */
export type DocumentSessionEvent = { type: 'facts'; document: DocumentFacts } | { type: 'changed' };

/** `gone`: the document, or the right to it, is. */
export type DocumentPhase = 'loading' | 'open' | 'gone';

/** Who made a change: not this page. */
const SERVER = Symbol('server');
const OTHERS = Symbol('others');
const STORAGE = Symbol('storage');

export class DocumentSession {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('text');
  readonly cursors = new Cursors(this.doc, () => this.#sender.addCursor());
  phase: DocumentPhase = 'loading';
  /** Why it could not be loaded yet; it is tried again. */
  failure: unknown = null;

  readonly #sender: LiveSender;
  readonly #repair: Repair;
  readonly #revisions: Revisions;
  readonly #saver: Saver;
  /** What this device had kept before this page opened the document. */
  #earlier: UnsavedUpdate[] = [];
  /** The newest save that this page has word of, since it connected. */
  #newest = 0;
  #isJoined = false;
  #isClosed = false;
  #loadFailures = 0;
  #loadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly server: DocumentServer,
    private readonly peers: DocumentPeers,
    private readonly storage: DocumentStorage,
    private readonly on: (event: DocumentSessionEvent) => void,
    random: () => number = Math.random,
  ) {
    this.#sender = new LiveSender(
      {
        cursor: () => this.cursors.encode(),
        stateVector: () => Y.encodeStateVector(this.doc),
      },
      (event) => this.#onSender(event),
    );
    this.#repair = new Repair(
      {
        vector: () => this.#vector(),
        isWaitingForMore: () => this.#isWaitingForMore(),
        others: () => peers.count(),
      },
      (event) => this.#onRepair(event),
      random,
    );
    this.#revisions = new Revisions(() => this.#fetch(), random);
    this.#saver = new Saver(
      (update, options) => this.#save(update, options),
      (event) => this.#onSaver(event),
      random,
    );
    this.doc.on('update', (update: Uint8Array, origin: unknown) => this.#documentChanged(update, origin));
    void this.#load();
  }

  get saveState(): SaveState {
    return this.#saver.state;
  }

  get saveFailure(): unknown {
    return this.#saver.failure;
  }

  /** The channel is joined, for the first time or again: what was missed in between is read. */
  joined(): void {
    this.#isJoined = true;
    this.#newest = 0;
    this.#sender.open();
    this.cursors.announce();
    this.#repair.start();
    if (this.phase === 'open') {
      void this.#revisions.catchUp();
      this.#saver.saveNow();
    }
  }

  /** The channel is lost. */
  left(): void {
    this.#isJoined = false;
    this.#sender.close();
    this.#repair.stop();
    this.cursors.removeOthers();
  }

  /** Takes what another page sent. Whatever it holds, it can harm no more than itself: others write what they like. */
  heard(event: ClientUpdate, userId: number): void {
    if (this.#isClosed) return;
    try {
      if (typeof event.update === 'string') this.#heardUpdate(fromBase64(event.update));
      if (typeof event.awareness === 'string') this.cursors.heard(fromBase64(event.awareness), userId);
      if (typeof event.state_vector === 'string') {
        this.#repair.heard(Y.decodeStateVector(fromBase64(event.state_vector)));
      }
    } catch {
      // No Yjs in it. Who lacks something because of it will see so from the state vectors.
    }
  }

  /** Takes word of a save by somebody else. */
  saved(event: DocumentSaved): void {
    if (this.#isClosed) return;
    const update = event.update === undefined ? null : fromBase64(event.update);
    if (update === null) {
      this.#revisions.reached(event.revision);
      return;
    }
    this.#applyServer(update);
    this.#serverHas(event, update);
    this.#revisions.have(event.revision);
  }

  /** The channel is closed to this page: the server says whether the document is archived or the right to it gone. */
  refused(): void {
    this.left();
    if (this.phase === 'open') void this.#revisions.catchUp();
  }

  /** An archived document is shown and not written. */
  setArchived(isArchived: boolean): void {
    this.#saver.pause(isArchived);
  }

  /** The server is within reach again: everything that waits for it is tried at once. */
  tryNow(): void {
    if (this.phase === 'loading' && this.#loadTimer !== undefined) void this.#load();
    if (this.phase === 'open') this.#saver.saveNow();
  }

  /** The page is hidden or left: saves in a way that outlives it. */
  leave(): void {
    this.#sender.flush();
    this.#saver.leave();
  }

  /** The document or the right to it is gone; what was typed stays readable. */
  removed(): void {
    this.left();
    this.#saver.close();
    this.phase = 'gone';
    this.#changed();
  }

  close(): void {
    this.cursors.close();
    if (this.phase === 'open') this.leave();
    this.#isClosed = true;
    clearTimeout(this.#loadTimer);
    this.#sender.close();
    this.#repair.stop();
    this.#revisions.close();
    this.#saver.close();
    this.doc.destroy();
  }

  #onSender(event: LiveSenderEvent): void {
    switch (event.type) {
      case 'send':
        return this.peers.send(event.update);
      case 'too-large':
        return this.#saver.saveNow();
      default:
        return event satisfies never;
    }
  }

  #onRepair(event: RepairEvent): void {
    switch (event.type) {
      case 'send-vector':
        return this.#sender.addVector();
      case 'send-missing':
        return this.#sender.addUpdate(Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(new Map(event.vector))));
      case 'fetch':
        return void this.#revisions.catchUp();
      default:
        return event satisfies never;
    }
  }

  #onSaver(event: SaverEvent): void {
    switch (event.type) {
      case 'keep':
        return this.storage.keep(event.update as Uint8Array<ArrayBuffer> | null);
      case 'changed':
        return this.#changed();
      default:
        return event satisfies never;
    }
  }

  async #load(): Promise<void> {
    clearTimeout(this.#loadTimer);
    this.#loadTimer = undefined;
    try {
      const wasJoined = this.#isJoined;
      const loaded = await this.server.load(null);
      // A device that keeps nothing, or does not tell, keeps nobody from writing.
      const earlier = await this.storage.read().catch(() => []);
      if (this.#isClosed || this.phase === 'gone') return;
      this.on({ type: 'facts', document: loaded.document });
      this.#applyServer(fromBase64(loaded.update));
      this.#earlier = earlier;
      for (const { update } of earlier) Y.applyUpdate(this.doc, update, STORAGE);
      this.#serverHas({ ...loaded, revision: loaded.document.revision }, fromBase64(loaded.update));
      if (this.saveState === 'saved') this.#dropEarlier();
      this.failure = null;
      this.phase = 'open';
      this.#revisions.start(loaded.document.revision);
      // The channel was joined after the server had answered: what was saved in between came by neither.
      if (this.#isJoined && !wasJoined) void this.#revisions.catchUp();
      this.#changed();
    } catch (error) {
      this.#loadFailed(error);
    }
  }

  #loadFailed(error: unknown): void {
    if (this.#isClosed || this.phase === 'gone') return;
    if (isGone(error)) {
      this.removed();
      return;
    }
    this.failure = error;
    this.#loadFailures += 1;
    this.#loadTimer = setTimeout(() => void this.#load(), backoffMs(this.#loadFailures));
    this.#changed();
  }

  /** Reads what this page lacks. */
  async #fetch(): Promise<number> {
    const loaded = await this.server.load(toBase64UrlEncoded(Y.encodeStateVector(this.doc))).catch((error: unknown) => {
      if (isGone(error)) this.removed();
      throw error;
    });
    if (this.#isClosed) return 0;
    const update = fromBase64(loaded.update);
    this.#applyServer(update);
    this.#serverHas({ ...loaded, revision: loaded.document.revision }, update);
    this.on({ type: 'facts', document: loaded.document });
    return loaded.document.revision;
  }

  async #save(update: Uint8Array, options: { keepalive: boolean }): Promise<void> {
    const saved = await this.server.save(update as Uint8Array<ArrayBuffer>, options).catch((error: unknown) => {
      if (isGone(error)) this.removed();
      throw error;
    });
    if (this.#isClosed) return;
    this.on({ type: 'facts', document: saved.document });
    if (saved.changed) this.#revisions.have(saved.document.revision);
    else this.#revisions.reached(saved.document.revision);
    this.#serverHas({ ...saved, revision: saved.document.revision }, update);
    if (!saved.complete) this.#saveWhatLacks(Y.decodeStateVector(fromBase64(saved.state_vector)));
  }

  #documentChanged(update: Uint8Array, origin: unknown): void {
    if (origin === SERVER) return;
    const isOwn = origin !== OTHERS;
    this.#saver.add(update, isOwn);
    if (!isOwn) return;
    this.#repair.changed();
    this.#sender.addUpdate(update);
  }

  #heardUpdate(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, OTHERS);
    this.#repair.received(update);
  }

  #applyServer(update: Uint8Array): void {
    // With it may be applied what came from others and had to wait: that the server may not have.
    Y.applyUpdate(this.doc, update, this.#isWaitingForMore() ? OTHERS : SERVER);
  }

  /** The server has come to this state vector with this revision, and has what is in the update. */
  #serverHas(saved: { revision: number; state_vector?: string }, update: Uint8Array): void {
    if (saved.state_vector === undefined) return;
    const server = Y.decodeStateVector(fromBase64(saved.state_vector));
    this.#saver.serverHas(server, update);
    // An answer that was overtaken says nothing of what the server lacks.
    if (saved.revision < this.#newest) return;
    this.#newest = saved.revision;
    if (!this.#saver.holds(this.#vector(), server)) this.#saveWhatLacks(server);
  }

  /** A server that was restored from a backup has lost what it had confirmed; but this page has it. */
  #saveWhatLacks(server: Vector): void {
    if (!lacks(server, this.#vector())) return;
    this.#saver.add(Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(new Map(server))), true);
  }

  /** Everything that this device had kept is saved. */
  #dropEarlier(): void {
    for (const update of this.#earlier) this.storage.drop(update).catch(() => undefined);
    this.#earlier = [];
  }

  #vector(): Vector {
    return Y.decodeStateVector(Y.encodeStateVector(this.doc));
  }

  #isWaitingForMore(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
  }

  #changed(): void {
    if (this.#isClosed) return;
    if (this.phase === 'open' && this.saveState === 'saved' && this.#earlier.length > 0) this.#dropEarlier();
    this.on({ type: 'changed' });
  }
}

/** A save or a load was refused for good: the room or the document is closed to this person. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 403);
}

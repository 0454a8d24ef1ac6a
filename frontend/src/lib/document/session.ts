// One open document, without a page around it: what is typed travels to the others over the socket at once, and to the
// server by HTTP a moment later. Whatever gets lost on either way is found and repaired.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { KeptUpdate } from '../kept-updates';
import { ApiError } from '../problem';
import type { ClientUpdate, DocumentFacts, DocumentSaved, LoadedDocument, SavedDocument } from '../wire';
import { fromBase64, toBase64Url } from './base64';
import { LiveSender } from './live-sender';
import { Repair } from './repair';
import { Revisions } from './revisions';
import { type SaveState, Saver } from './saver';
import { type Vector, lacks } from './vector';

/** What a document needs from around it. */
export interface DocumentHost {
  /** The document, or what a page with this state vector (base64url) lacks of it. */
  load(stateVector: string | null): Promise<LoadedDocument>;
  save(update: Uint8Array<ArrayBuffer>, options: { keepalive: boolean }): Promise<SavedDocument>;
  /** Hands an event to the channel; it may get lost. */
  send(event: ClientUpdate): void;
  /** How many others have joined the channel. */
  others(): number;
  /** What this device keeps of the document, of earlier visits and other tabs. */
  readKept(): Promise<KeptUpdate[]>;
  dropKept(kept: KeptUpdate): Promise<void>;
  /** Keeps what this page has not saved; null when it has saved everything. */
  keep(update: Uint8Array<ArrayBuffer> | null): void;
  /** The document's facts are others. */
  facts(document: DocumentFacts): void;
  /** `phase`, `saveState` or a failure is another. */
  changed(): void;
}

/** `gone`: the document, or the right to it, is. */
export type DocumentPhase = 'loading' | 'open' | 'gone';

/** Who made a change: not this page. */
const SERVER = Symbol('server');
const OTHERS = Symbol('others');
const KEPT = Symbol('kept');
/** Waits between attempts to load. */
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 20_000];

export class DocumentSession {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText('text');
  readonly awareness = new Awareness(this.doc);
  phase: DocumentPhase = 'loading';
  /** Why it could not be loaded yet; it is tried again. */
  failure: unknown = null;

  readonly #sender: LiveSender;
  readonly #repair: Repair;
  readonly #revisions: Revisions;
  readonly #saver: Saver;
  /** Whose page an editing page is, as the socket server says. */
  readonly #owners = new Map<number, number>();
  #readKept: KeptUpdate[] = [];
  /** The newest save that this page has word of, since it connected. */
  #newest = 0;
  #isJoined = false;
  #isClosed = false;
  #attempts = 0;
  #loadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: DocumentHost,
    random: () => number = Math.random,
  ) {
    this.#sender = new LiveSender({
      send: (event) => host.send(event),
      cursor: () => encodeAwarenessUpdate(this.awareness, [this.doc.clientID]),
      stateVector: () => Y.encodeStateVector(this.doc),
      tooLarge: () => this.#saver.saveNow(),
    });
    this.#repair = new Repair(
      {
        vector: () => this.#vector(),
        isWaitingForMore: () => this.#isWaitingForMore(),
        others: () => host.others(),
        sendVector: () => this.#sender.addVector(),
        sendLacking: (vector) =>
          this.#sender.addUpdate(Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(new Map(vector)))),
        fetch: () => void this.#revisions.catchUp(),
      },
      random,
    );
    this.#revisions = new Revisions(() => this.#fetch(), random);
    this.#saver = new Saver(
      {
        save: (update, options) => this.#save(update, options),
        keep: (update) => host.keep(update as Uint8Array<ArrayBuffer> | null),
        changed: () => this.#changed(),
      },
      random,
    );
    this.doc.on('update', (update: Uint8Array, origin: unknown) => this.#documentChanged(update, origin));
    this.awareness.on('update', (_: unknown, origin: unknown) => {
      if (origin === 'local') this.#sender.addCursor();
    });
    void this.#load();
  }

  get saveState(): SaveState {
    return this.#saver.state;
  }

  get saveFailure(): unknown {
    return this.#saver.failure;
  }

  /** The user whose page this is. */
  ownerOf(page: number): number | undefined {
    return this.#owners.get(page);
  }

  /** The channel is joined, for the first time or again: what was missed in between is read. */
  joined(): void {
    this.#isJoined = true;
    this.#newest = 0;
    this.#sender.open();
    // Said anew, for a state is heeded only when it is newer than the last, and the first that a page has counts as none.
    this.awareness.setLocalState(this.awareness.getLocalState());
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
    const others = [...this.awareness.getStates().keys()].filter((page) => page !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, OTHERS);
  }

  /** All pages of these users have left the channel. */
  usersLeft(isHere: (userId: number) => boolean): void {
    const gone = [...this.#owners].filter(([page, user]) => page !== this.doc.clientID && !isHere(user));
    for (const [page] of gone) this.#owners.delete(page);
    removeAwarenessStates(
      this.awareness,
      gone.map(([page]) => page),
      OTHERS,
    );
  }

  /** Takes what another page sent. Whatever it holds, it can harm no more than itself: others write what they like. */
  heard(event: ClientUpdate, userId: number): void {
    if (this.#isClosed) return;
    try {
      if (typeof event.update === 'string') this.#heardUpdate(fromBase64(event.update));
      if (typeof event.awareness === 'string') this.#heardCursor(fromBase64(event.awareness), userId);
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
    this.awareness.setLocalState(null);
    if (this.phase === 'open') this.leave();
    this.#isClosed = true;
    clearTimeout(this.#loadTimer);
    this.#sender.close();
    this.#repair.stop();
    this.#revisions.close();
    this.#saver.close();
    this.doc.destroy();
  }

  async #load(): Promise<void> {
    clearTimeout(this.#loadTimer);
    this.#loadTimer = undefined;
    try {
      const wasJoined = this.#isJoined;
      const loaded = await this.host.load(null);
      // A device that keeps nothing, or does not tell, keeps nobody from writing.
      const kept = await this.host.readKept().catch(() => []);
      if (this.#isClosed || this.phase === 'gone') return;
      this.host.facts(loaded.document);
      this.#applyServer(fromBase64(loaded.update));
      this.#readKept = kept;
      for (const { update } of kept) Y.applyUpdate(this.doc, update, KEPT);
      this.#serverHas({ ...loaded, revision: loaded.document.revision }, fromBase64(loaded.update));
      if (this.saveState === 'saved') this.#dropKept();
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
    this.#loadTimer = setTimeout(() => void this.#load(), BACKOFF_MS[Math.min(this.#attempts, BACKOFF_MS.length - 1)]);
    this.#attempts += 1;
    this.#changed();
  }

  /** Reads what this page lacks. */
  async #fetch(): Promise<number> {
    const loaded = await this.host.load(toBase64Url(Y.encodeStateVector(this.doc))).catch((error: unknown) => {
      if (isGone(error)) this.removed();
      throw error;
    });
    if (this.#isClosed) return 0;
    const update = fromBase64(loaded.update);
    this.#applyServer(update);
    this.#serverHas({ ...loaded, revision: loaded.document.revision }, update);
    this.host.facts(loaded.document);
    return loaded.document.revision;
  }

  async #save(update: Uint8Array, options: { keepalive: boolean }): Promise<void> {
    const saved = await this.host.save(update as Uint8Array<ArrayBuffer>, options).catch((error: unknown) => {
      if (isGone(error)) this.removed();
      throw error;
    });
    if (this.#isClosed) return;
    this.host.facts(saved.document);
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

  #heardCursor(update: Uint8Array, userId: number): void {
    const told = (changes: { added: number[]; updated: number[] }): void => {
      for (const page of [...changes.added, ...changes.updated]) this.#owners.set(page, userId);
      // Whoever comes hears where the others' cursors are.
      if (changes.added.length > 0) this.#sender.addCursor();
    };
    this.awareness.on('update', told);
    applyAwarenessUpdate(this.awareness, update, OTHERS);
    this.awareness.off('update', told);
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
  #dropKept(): void {
    for (const kept of this.#readKept) this.host.dropKept(kept).catch(() => undefined);
    this.#readKept = [];
  }

  #vector(): Vector {
    return Y.decodeStateVector(Y.encodeStateVector(this.doc));
  }

  #isWaitingForMore(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
  }

  #changed(): void {
    if (this.#isClosed) return;
    if (this.phase === 'open' && this.saveState === 'saved' && this.#readKept.length > 0) this.#dropKept();
    this.host.changed();
  }
}

/** A save or a load was refused for good: the room or the document is closed to this person. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 403);
}

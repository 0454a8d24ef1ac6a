// The documents as far as the whole page has to do with them: which one is open, what was taken from this person while
// they were in it, and what waits on this device to be saved.

import type { Api } from '../../lib/http/api';
import { UnsavedUpdates } from '../../lib/storage/unsaved-updates';
import { ApiError } from '../../lib/http/problem';
import type { DocumentChannel, DocumentChannelEvent, Realtime } from '../../lib/realtime/realtime';
import type { DocumentFacts } from '../../lib/http/wire';

/** The document on screen. Its code is loaded when it is opened; here is what the rest of the page knows of it. */
export interface OpenDocument {
  readonly facts: DocumentFacts;
  /** The server is within reach again. */
  tryNow(): void;
  /** Its room is closed to this person. */
  removed(): void;
}

/** A document that this person may no longer see, though they were in it. */
export interface LostDocument {
  facts: DocumentFacts;
  roomName: string;
  /** The whole text, when something in it was not saved; null when nothing is lost. */
  unsaved: string | null;
}

export class Documents {
  /** The document that was taken from this person while it was open. */
  lost = $state.raw<LostDocument | null>(null);
  /** What this person wrote and could not save yet. */
  readonly unsaved: UnsavedUpdates;
  #open: OpenDocument | null = null;
  #isClosed = false;

  constructor(
    userId: number,
    private readonly api: Api,
    private readonly realtime: Realtime,
  ) {
    this.unsaved = new UnsavedUpdates(userId);
  }

  /** The socket of this page, for requests whose events it need not hear. */
  get socketId(): string | null {
    return this.realtime.socketId;
  }

  /** A document comes on screen: subscribes to its channel. */
  open(document: OpenDocument, on: (event: DocumentChannelEvent) => void): DocumentChannel {
    this.#open = document;
    this.lost = null;
    return this.realtime.subscribeDocument(document.facts.id, on);
  }

  /** The document is left, or was lost with what it held. */
  close(document: OpenDocument, lost: LostDocument | null = null): void {
    if (lost !== null) this.lost = lost;
    if (this.#open === document) this.#open = null;
  }

  tryNow(): void {
    this.#open?.tryNow();
  }

  /** A room is closed to this person: so is the document of it that is open. */
  roomLost(roomId: number): void {
    if (this.#open?.facts.room_id === roomId) this.#open.removed();
  }

  /** Saves what was written into documents that are no longer open, and could not be saved then. */
  async saveUnsaved(): Promise<void> {
    try {
      for (const update of await this.unsaved.read()) {
        const documentId = update.key[1];
        if (this.#isClosed || documentId === this.#open?.facts.id) continue;
        await this.api.saveDocument(documentId, update.update, { keepalive: false, socketId: null }).then(
          // What builds on something that the server lacks stays: the document, once opened, tells what is missing.
          (saved) => (saved.complete ? this.unsaved.drop(update) : undefined),
          // Refused: the document is archived, or closed to this person. That may change; it stays here until then.
          (error: unknown) => (error instanceof ApiError ? undefined : Promise.reject(error as Error)),
        );
      }
    } catch {
      // Nobody answers, or the browser keeps nothing: the next repair looks again.
    }
  }

  /** Ends all saving of what is kept; the page is another's. */
  stop(): void {
    this.#isClosed = true;
  }
}

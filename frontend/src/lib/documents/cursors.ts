// The cursors of the pages in a document, and whose they are.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import type * as Y from 'yjs';

/** The origin of changes by other pages. */
const OTHERS = Symbol('others');

export class Cursors {
  /** Each page's cursor, by the page's Yjs client id. */
  readonly awareness: Awareness;
  /** Whose page a page is, as the socket server says. */
  readonly #owners = new Map<number, number>();

  /** @param changed this page's cursor has to be sent: it moved, or somebody came who does not know it. */
  constructor(
    private readonly doc: Y.Doc,
    private readonly changed: () => void,
  ) {
    this.awareness = new Awareness(doc);
    this.awareness.on('update', (_: unknown, origin: unknown) => {
      if (origin === 'local') this.changed();
    });
  }

  /** This page's cursor, to be sent. */
  encode(): Uint8Array {
    return encodeAwarenessUpdate(this.awareness, [this.doc.clientID]);
  }

  /** The user whose page this is. */
  ownerOf(page: number): number | undefined {
    return this.#owners.get(page);
  }

  /** The channel is subscribed to: the others have to hear of this page. */
  announce(): void {
    // A state is heeded only when it is newer than the last, and the first that a page has counts as none.
    this.awareness.setLocalState(this.awareness.getLocalState());
  }

  /** Takes another page's cursor; `userId` is who the server says it is. */
  heard(update: Uint8Array, userId: number): void {
    const noted = (changes: { added: number[]; updated: number[] }): void => {
      for (const page of [...changes.added, ...changes.updated]) this.#owners.set(page, userId);
      // Who comes hears where the others' cursors are.
      if (changes.added.length > 0) this.changed();
    };
    this.awareness.on('update', noted);
    applyAwarenessUpdate(this.awareness, update, OTHERS);
    this.awareness.off('update', noted);
  }

  /** The channel is lost, and with it all other cursors. */
  removeOthers(): void {
    this.#remove([...this.awareness.getStates().keys()].filter((page) => page !== this.doc.clientID));
  }

  /** Removes the cursors of users who have left with all their pages. */
  removeAbsent(isHere: (userId: number) => boolean): void {
    const gone = [...this.#owners].filter(([page, user]) => page !== this.doc.clientID && !isHere(user));
    for (const [page] of gone) this.#owners.delete(page);
    this.#remove(gone.map(([page]) => page));
  }

  /** Takes this page's cursor away from the others. */
  close(): void {
    this.awareness.setLocalState(null);
  }

  #remove(pages: number[]): void {
    removeAwarenessStates(this.awareness, pages, OTHERS);
  }
}

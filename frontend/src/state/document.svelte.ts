// One open document as the page shows it: its session, the socket's and the server's ways to it, and who is there.

import { newClientId } from '../lib/client-id';
import { DocumentSession, type DocumentPhase } from '../lib/document/session';
import type { SaveState } from '../lib/document/saver';
import type { DocumentLine, PresentPerson } from '../lib/realtime';
import type { DocumentFacts } from '../lib/wire';
import type { Chat } from './chat.svelte';
import type { OpenDocument } from './documents.svelte';
import type { RoomState } from './room.svelte';

/** The channel was refused though the document is neither archived nor gone: it is asked for again after this. */
const REJOIN_MS = 2_000;

export class DocumentState implements OpenDocument {
  phase = $state<DocumentPhase>('loading');
  /** Why it is not loaded yet. */
  failure = $state.raw<unknown>(null);
  saveState = $state<SaveState>('saved');
  /** Why it is not saved yet. */
  saveFailure = $state.raw<unknown>(null);
  /** Who has the document open, this person among them. */
  people = $state.raw<readonly PresentPerson[]>([]);
  readonly session: DocumentSession;

  /** Null while the document is archived: then nobody is told anything. */
  #line: DocumentLine | null = null;
  #isArchived = false;
  #rejoinTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listening = new AbortController();

  constructor(
    private readonly chat: Chat,
    private readonly room: RoomState,
    readonly facts: DocumentFacts,
  ) {
    const { id } = facts;
    const page = newClientId();
    this.session = new DocumentSession({
      load: (stateVector) => chat.api.loadDocument(id, stateVector),
      save: (update, { keepalive }) =>
        chat.api.saveDocument(id, update, { keepalive, socketId: chat.documents.socketId }),
      send: (event) => this.#line?.send(event),
      others: () => this.people.length - 1,
      readKept: () => chat.documents.kept.read(id),
      dropKept: (kept) => chat.documents.kept.drop(kept),
      // A browser that keeps nothing leaves the changes on the page until they are saved.
      keep: (update) => void chat.documents.kept.keep(id, page, update).catch(() => undefined),
      facts: (changed) => room.takeDocument(changed),
      changed: () => this.#changed(),
    });
    this.setArchived(facts.archived_at !== null);
    this.#listen();
  }

  /** The name of whose cursor it is; null when that page has not said, or the person left. */
  personOf(editingPage: number): PresentPerson | null {
    const userId = this.session.ownerOf(editingPage);
    return this.people.find((person) => person.id === userId) ?? null;
  }

  /** The text, for copying it. */
  get text(): string {
    return this.session.text.toString();
  }

  setArchived(isArchived: boolean): void {
    this.#isArchived = isArchived;
    this.session.setArchived(isArchived);
    if (isArchived) {
      this.#leaveChannel();
    } else if (this.#line === null && this.phase !== 'gone') {
      this.#line = this.chat.documents.open(this, {
        joined: () => this.session.joined(),
        left: () => this.session.left(),
        refused: () => this.#refused(),
        peopleChanged: (people) => this.#peopleChanged(people),
        heard: (event, userId) => this.session.heard(event, userId),
        saved: (event) => this.session.saved(event),
      });
    }
  }

  tryNow(): void {
    this.session.tryNow();
  }

  removed(): void {
    this.session.removed();
  }

  close(): void {
    this.#listening.abort();
    this.session.close();
    this.#leaveChannel();
    this.chat.documents.close(this);
  }

  #refused(): void {
    this.session.refused();
    this.#leaveChannel();
    this.#rejoinTimer = setTimeout(() => this.setArchived(this.#isArchived), REJOIN_MS);
  }

  #leaveChannel(): void {
    clearTimeout(this.#rejoinTimer);
    this.session.left();
    this.#line?.leave();
    this.#line = null;
    this.people = [];
  }

  #peopleChanged(people: PresentPerson[]): void {
    this.people = people;
    this.session.usersLeft((userId) => people.some((person) => person.id === userId));
  }

  #changed(): void {
    const { phase, failure, saveState, saveFailure } = this.session;
    const isLost = phase === 'gone' && this.phase !== 'gone';
    this.phase = phase;
    this.failure = failure;
    this.saveState = saveState;
    this.saveFailure = saveFailure;
    if (!isLost) return;
    const unsaved = saveState === 'saved' ? null : this.text;
    this.#leaveChannel();
    this.chat.documents.close(this, { facts: this.facts, roomName: this.room.facts.name, unsaved });
  }

  #listen(): void {
    const { signal } = this.#listening;
    const leave = (): void => {
      if (document.visibilityState === 'hidden') this.session.leave();
    };
    document.addEventListener('visibilitychange', leave, { signal });
    window.addEventListener('pagehide', () => this.session.leave(), { signal });
  }
}

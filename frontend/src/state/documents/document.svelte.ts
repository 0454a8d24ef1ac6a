// One open document as the page shows it: its session, the socket's and the server's ways to it, and who is there.

import { newClientId } from '../../lib/client-id';
import { type DocumentPhase, DocumentSession, type DocumentSessionEvent } from '../../lib/documents/session';
import type { SaveState } from '../../lib/documents/saver';
import type { DocumentChannel, DocumentChannelEvent, PresentPerson } from '../../lib/realtime/realtime';
import type { DocumentFacts } from '../../lib/http/wire';
import type { Chat } from '../chat.svelte';
import type { OpenDocument } from './documents.svelte';
import type { RoomState } from '../rooms/room.svelte';

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

  /** Null while the document is archived: then nothing is sent to others. */
  #channel: DocumentChannel | null = null;
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
    const { api, documents } = chat;
    this.session = new DocumentSession(
      {
        load: (stateVector) => api.loadDocument(id, stateVector),
        save: (update, { keepalive }) => api.saveDocument(id, update, { keepalive, socketId: documents.socketId }),
      },
      {
        send: (update) => this.#channel?.send(update),
        count: () => this.people.length - 1,
      },
      {
        read: () => documents.unsaved.read(id),
        drop: (update) => documents.unsaved.drop(update),
        // A browser that keeps nothing leaves the changes on the page until they are saved.
        keep: (update) => void documents.unsaved.keep(id, page, update).catch(() => undefined),
      },
      (event) => this.#onSession(event),
    );
    this.setArchived(facts.archived_at !== null || room.isArchived);
    this.#listen();
  }

  /** The name of whose cursor it is; null when that page has not said, or the person left. */
  personOf(editingPage: number): PresentPerson | null {
    const userId = this.session.cursors.ownerOf(editingPage);
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
    } else if (this.#channel === null && this.phase !== 'gone') {
      this.#channel = this.chat.documents.open(this, (event) => this.#onChannel(event));
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

  #onChannel(event: DocumentChannelEvent): void {
    switch (event.type) {
      case 'subscribed':
        return this.session.joined();
      case 'disconnected':
        return this.session.left();
      case 'refused':
        return this.#refused();
      case 'presence':
        return this.#peopleChanged(event.people);
      case 'update':
        return this.session.heard(event.update, event.userId);
      case 'saved':
        return this.session.saved(event.saved);
      default:
        return event satisfies never;
    }
  }

  #onSession(event: DocumentSessionEvent): void {
    switch (event.type) {
      case 'facts':
        return this.room.takeDocument(event.document);
      case 'changed':
        return this.#changed();
      default:
        return event satisfies never;
    }
  }

  #refused(): void {
    this.session.refused();
    this.#leaveChannel();
    this.#rejoinTimer = setTimeout(() => this.setArchived(this.#isArchived), REJOIN_MS);
  }

  #leaveChannel(): void {
    clearTimeout(this.#rejoinTimer);
    this.session.left();
    this.#channel?.unsubscribe();
    this.#channel = null;
    this.people = [];
  }

  #peopleChanged(people: PresentPerson[]): void {
    this.people = people;
    this.session.cursors.removeAbsent((userId) => people.some((person) => person.id === userId));
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

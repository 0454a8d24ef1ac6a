// A page without a browser: the page's own code for documents, its HTTP client and its socket, at a real server, behind a
// cable that can be pulled.

import { type Server as TcpServer, type Socket, connect, createServer } from 'node:net';

import type { Person, Server } from '../../tests/support/server.mjs';
import { Api } from '../src/lib/http/api';
import { DocumentSession } from '../src/lib/documents/session';
import { HttpClient } from '../src/lib/http/client';
import type { UnsavedUpdate } from '../src/lib/storage/unsaved-updates';
import {
  type DocumentChannel,
  type DocumentChannelEvent,
  type PresentPerson,
  Realtime,
} from '../src/lib/realtime/realtime';
import type { ClientUpdate, Instance } from '../src/lib/http/wire';

/** All that a client sends and receives goes through here. */
class Cable {
  #server: TcpServer;
  #sockets = new Set<Socket>();
  isPulled = false;

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      if (this.isPulled) return void near.destroy();
      const far = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async to(target: URL): Promise<Cable> {
    const cable = new Cable(target);
    await new Promise<void>((resolve) => cable.#server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  pull(): void {
    this.isPulled = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.pull();
    this.#server.close();
  }
}

export class DocumentClient {
  /** What was sent over the socket, in bytes. */
  sentBytes = 0;
  /** What was saved, in bytes. */
  savedBytes = 0;
  isJoined = false;
  readonly session: DocumentSession;
  readonly #realtime: Realtime;
  readonly #channel: DocumentChannel;
  #people: PresentPerson[] = [];
  #unsaved = new Map<string, UnsavedUpdate>();

  private constructor(
    person: Person,
    instance: Instance,
    private readonly cable: Cable,
    documentId: number,
  ) {
    const token = async (): Promise<string> => person.token;
    const origin = `http://127.0.0.1:${cable.port}`;
    const http = new HttpClient({ token, renewed: token }, (path, init) => fetch(origin + String(path), init));
    const api = new Api(http);
    setLocation(origin);
    this.#realtime = new Realtime(
      { ...instance.socket, host: '127.0.0.1', port: cable.port, tls: false },
      (socketId, channels) => api.authoriseChannels(socketId, channels),
      () => undefined,
    );
    const send = (event: ClientUpdate): void => {
      this.sentBytes += JSON.stringify({
        event: 'client-update',
        data: event,
        channel: `presence-document.${documentId}`,
      }).length;
      this.#channel.send(event);
    };
    this.session = new DocumentSession(
      {
        load: (stateVector) => api.loadDocument(documentId, stateVector),
        save: (update, { keepalive }) => {
          this.savedBytes += update.length;
          return api.saveDocument(documentId, update, { keepalive, socketId: this.#realtime.socketId });
        },
      },
      { send, count: () => this.#people.length - 1 },
      {
        read: async () => [...this.#unsaved.values()],
        drop: async (update) => void this.#unsaved.delete(update.key[2]),
        keep: (update) => {
          if (update === null) this.#unsaved.delete('page');
          else this.#unsaved.set('page', { key: [person.user.id, documentId, 'page'], stamp: '', update });
        },
      },
      () => undefined,
    );
    this.#channel = this.#realtime.subscribeDocument(documentId, (event) => this.#on(event));
  }

  static async open(server: Server, person: Person, documentId: number): Promise<DocumentClient> {
    const instance = (await server.request('GET', '/api/v1/instance')) as Instance;
    return new DocumentClient(person, instance, await Cable.to(new URL(server.url)), documentId);
  }

  get text(): string {
    return this.session.text.toString();
  }

  #on(event: DocumentChannelEvent): void {
    switch (event.type) {
      case 'subscribed':
        this.isJoined = true;
        return this.session.joined();
      case 'disconnected':
        this.isJoined = false;
        return this.session.left();
      case 'refused':
        return this.session.refused();
      case 'presence':
        this.#people = event.people;
        return;
      case 'update':
        return this.session.heard(event.update, event.userId);
      case 'saved':
        return this.session.saved(event.saved);
    }
  }

  get isOffline(): boolean {
    return this.cable.isPulled;
  }

  pull(): void {
    this.cable.pull();
  }

  /** Puts the cable back; the page hears of it as a browser tells it. */
  plug(): void {
    this.cable.isPulled = false;
    this.tryNow();
  }

  tryNow(): void {
    this.#realtime.tryNow();
    this.session.tryNow();
  }

  close(): void {
    this.session.close();
    this.#realtime.close();
    this.cable.close();
  }
}

/** The socket's code asks the browser where the page is from. */
function setLocation(origin: string): void {
  Object.assign(globalThis, { location: new URL(origin) });
}

/** Waits until something holds. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  what: () => string,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what()}`);
    await pause(25);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A document's text as a script reads it. */
export async function stored(person: Person, documentId: number): Promise<string> {
  const headers = { Authorization: `Bearer ${person.token}` };
  return (await fetch(`${person.server.url}/api/v1/documents/${documentId}/text`, { headers })).text();
}

// A page without a browser: the page's own code for documents, its HTTP client and its socket, at a real server, behind a
// cable that can be pulled.

import { type Server as TcpServer, type Socket, connect, createServer } from 'node:net';

import type { Person, Server } from '../../tests/support/server.mjs';
import { Api } from '../src/lib/api';
import { DocumentSession } from '../src/lib/document/session';
import { HttpClient } from '../src/lib/http';
import type { KeptUpdate } from '../src/lib/kept-updates';
import { type DocumentLine, type PresentPerson, Realtime, type RealtimeHost } from '../src/lib/realtime';
import type { ClientUpdate, Instance } from '../src/lib/wire';

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

/** Nothing but documents is of interest here. */
const DEAF: Omit<RealtimeHost, 'authorise'> = {
  connectionChanged: () => undefined,
  subscribed: () => undefined,
  roomEvent: () => undefined,
  roomHead: () => undefined,
  roomRefused: () => undefined,
  roomJoined: () => undefined,
  roomLeft: () => undefined,
  roomRead: () => undefined,
  presenceChanged: () => undefined,
  typing: () => undefined,
};

export class DocumentClient {
  /** What was sent over the socket, in bytes. */
  sentBytes = 0;
  /** What was saved, in bytes. */
  savedBytes = 0;
  isJoined = false;
  readonly session: DocumentSession;
  readonly #realtime: Realtime;
  readonly #line: DocumentLine;
  #people: PresentPerson[] = [];
  #kept = new Map<string, KeptUpdate>();

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
      { ...DEAF, authorise: (socketId, channel) => api.authoriseChannel(socketId, channel) },
    );
    const send = (event: ClientUpdate): void => {
      this.sentBytes += JSON.stringify({
        event: 'client-update',
        data: event,
        channel: `presence-document.${documentId}`,
      }).length;
      this.#line.send(event);
    };
    this.session = new DocumentSession({
      load: (stateVector) => api.loadDocument(documentId, stateVector),
      save: (update, { keepalive }) => {
        this.savedBytes += update.length;
        return api.saveDocument(documentId, update, { keepalive, socketId: this.#realtime.socketId });
      },
      send,
      others: () => this.#people.length - 1,
      readKept: async () => [...this.#kept.values()],
      dropKept: async (kept) => void this.#kept.delete(kept.key[2]),
      keep: (update) => {
        if (update === null) this.#kept.delete('page');
        else this.#kept.set('page', { key: [person.user.id, documentId, 'page'], stamp: '', update });
      },
      facts: () => undefined,
      changed: () => undefined,
    });
    this.#line = this.#realtime.joinDocument(documentId, {
      joined: () => {
        this.isJoined = true;
        this.session.joined();
      },
      left: () => {
        this.isJoined = false;
        this.session.left();
      },
      refused: () => this.session.refused(),
      peopleChanged: (people) => (this.#people = people),
      heard: (event, userId) => this.session.heard(event, userId),
      saved: (event) => this.session.saved(event),
    });
  }

  static async open(server: Server, person: Person, documentId: number): Promise<DocumentClient> {
    const instance = (await server.request('GET', '/api/v1/instance')) as Instance;
    return new DocumentClient(person, instance, await Cable.to(new URL(server.url)), documentId);
  }

  get text(): string {
    return this.session.text.toString();
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

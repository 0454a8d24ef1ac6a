// Step 5 of the walk: events come in over one socket, through pusher-js as any client of the Pusher protocol uses it.

import Pusher, { type Channel, type Members, type Options, type PresenceChannel } from 'pusher-js';

import { now } from '../timeline/timeline-store';
import { ApiError } from '../http/problem';
import { Reconnector } from './reconnector';
import { type ClientUpdate, type DocumentSaved, type Instance, ROOM_EVENT_TYPES, type RoomEvent } from '../http/wire';

/** How the socket stands. `refused`: the server does not want it, and trying again would not help. */
export type ConnectionState = 'connecting' | 'connected' | 'refused';

/** A person who has the room on screen. */
export interface PresentPerson {
  id: number;
  name: string;
  username: string;
}

/** What the page does with what comes in. */
export interface RealtimeHost {
  authorise(socketId: string, channelName: string): Promise<{ auth: string; channel_data?: string }>;
  connectionChanged(state: ConnectionState): void;
  /** Every channel asked for has been answered: from here on nothing is missed, so read what was missed before. */
  subscribed(): void;
  roomEvent(event: RoomEvent, receivedAt: number): void;
  /** The room's log reaches to `seq`; events were left out. */
  roomHead(roomId: number, seq: number): void;
  /** The right to the room is gone. */
  roomRefused(roomId: number): void;
  /** This person became a member of a room, or is none any more; on another device, or by somebody else. */
  roomJoined(roomId: number): void;
  roomLeft(roomId: number): void;
  roomRead(roomId: number, readNumber: number): void;
  presenceChanged(roomId: number, people: PresentPerson[]): void;
  typing(roomId: number, userId: number, isTyping: boolean): void;
}

/** What an open document does with what comes in about it. */
export interface DocumentListener {
  /** The channel is joined, for the first time or again. */
  joined(): void;
  /** The connection is lost. */
  left(): void;
  /** The right to the channel is gone: the document is archived, or this person no member. */
  refused(): void;
  peopleChanged(people: PresentPerson[]): void;
  /** Another page wrote something; `userId` is who the server says it is. */
  heard(event: ClientUpdate, userId: number): void;
  saved(event: DocumentSaved): void;
}

/** The way to the others in a document. */
export interface DocumentLine {
  /** Tells them something; it may get lost. */
  send(event: ClientUpdate): void;
  leave(): void;
}

/** A channel whose authorisation nobody answered is asked for again after this. */
const RESUBSCRIBE_MS = 2_000;
/** Missed events are read after this at the latest, though a channel may still wait for its answer. */
const SUBSCRIBED_AT_LATEST_MS = 5_000;

export class Realtime {
  readonly #pusher: Pusher;
  readonly #reconnector: Reconnector;
  /** The channels that are wanted. pusher-js also keeps those whose subscription was called off half-way. */
  #joined = new Set<string>();
  /** Those of them that were asked for and not answered yet. */
  #unanswered = new Set<string>();
  #subscribedTimer: ReturnType<typeof setTimeout> | undefined;
  /** Channels whose authorisation the server refused; pusher-js tells the channel only that it failed. */
  #forbidden = new Set<string>();
  #presence: { roomId: number; channel: PresenceChannel } | null = null;
  #document: { name: string; listener: DocumentListener } | null = null;
  /** Whether a disconnect is this page's own doing. */
  #isDisconnecting = false;

  constructor(
    socket: Instance['socket'],
    private readonly host: RealtimeHost,
  ) {
    this.#pusher = new Pusher(socket.key, {
      ...socketAddress(socket),
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, answer) => {
          host.authorise(socketId, channelName).then(
            (data) => answer(null, data),
            (error: unknown) => {
              if (error instanceof ApiError && error.status === 403) this.#forbidden.add(channelName);
              answer(error instanceof Error ? error : new Error(String(error)), null);
            },
          );
        },
      },
    });
    this.#reconnector = new Reconnector({
      isConnected: () => this.#pusher.connection.state === 'connected',
      tryNow: () => {
        this.#disconnect();
        this.#pusher.connect();
      },
    });
    this.#pusher.connection.bind('state_change', ({ current }: { current: string }) => this.#stateChanged(current));
  }

  /** Joins the channel of what concerns this person alone. */
  joinUser(userId: number): void {
    const channel = this.#join(`private-user.${userId}`);
    channel.bind('room.joined', (data: { room_id: number }) => this.host.roomJoined(data.room_id));
    channel.bind('room.left', (data: { room_id: number }) => this.host.roomLeft(data.room_id));
    channel.bind('room.read', (data: { room_id: number; read_number: number }) =>
      this.host.roomRead(data.room_id, data.read_number),
    );
  }

  /** Joins the channel of a room's events. */
  joinRoom(roomId: number): void {
    if (this.#joined.has(roomChannel(roomId))) return;
    const channel = this.#join(roomChannel(roomId), () => this.host.roomRefused(roomId));
    for (const type of ROOM_EVENT_TYPES) {
      channel.bind(type, (event: RoomEvent) => this.host.roomEvent(event, now()));
    }
    channel.bind('room.head', (head: { seq: number }) => this.host.roomHead(roomId, head.seq));
  }

  leaveRoom(roomId: number): void {
    this.#leave(roomChannel(roomId));
    if (this.#presence?.roomId === roomId) this.enterRoom(null);
  }

  /** Tells the others in a room that this person has it on screen, and hears who else has; one room at a time. */
  enterRoom(roomId: number | null): void {
    if ((this.#presence?.roomId ?? null) === roomId) return;
    if (this.#presence !== null) this.#leave(presenceChannel(this.#presence.roomId));
    this.#presence = null;
    if (roomId === null) return;
    const channel = this.#join(presenceChannel(roomId)) as PresenceChannel;
    const changed = (): void => this.host.presenceChanged(roomId, people(channel.members));
    channel.bind('pusher:subscription_succeeded', changed);
    channel.bind('pusher:member_added', changed);
    channel.bind('pusher:member_removed', changed);
    channel.bind('client-typing', (data: { typing?: unknown }, metadata: { user_id?: string }) =>
      this.host.typing(roomId, Number(metadata.user_id), data.typing === true),
    );
    this.#presence = { roomId, channel };
  }

  /** Joins the channel of a document, where its pages tell each other what is typed; one document at a time. */
  joinDocument(documentId: number, listener: DocumentListener): DocumentLine {
    const name = `presence-document.${documentId}`;
    if (this.#document !== null) this.#leave(this.#document.name);
    const document = { name, listener };
    this.#document = document;
    const channel = this.#join(name, () => listener.refused()) as PresenceChannel;
    const changed = (): void => listener.peopleChanged(people(channel.members));
    channel.bind('pusher:subscription_succeeded', () => {
      changed();
      listener.joined();
    });
    channel.bind('pusher:member_added', changed);
    channel.bind('pusher:member_removed', changed);
    channel.bind('client-update', (event: ClientUpdate, metadata: { user_id?: string }) =>
      listener.heard(event, Number(metadata.user_id)),
    );
    channel.bind('document.saved', (event: DocumentSaved) => listener.saved(event));
    return {
      send: (event) => {
        if (channel.subscribed) channel.trigger('client-update', event);
      },
      leave: () => {
        if (this.#document !== document) return;
        this.#document = null;
        this.#leave(name);
      },
    };
  }

  /** The socket's name, by which the server spares it what it sent itself; null without a connection. */
  get socketId(): string | null {
    return this.#pusher.connection.state === 'connected' ? this.#pusher.connection.socket_id : null;
  }

  /** Says in the room on screen that this person is typing, or has stopped. */
  sayTyping(isTyping: boolean): void {
    if (this.#presence?.channel.subscribed) this.#presence.channel.trigger('client-typing', { typing: isTyping });
  }

  /** Tries to connect at once, without waiting for the next attempt. */
  tryNow(): void {
    this.#reconnector.tryNow();
  }

  close(): void {
    clearTimeout(this.#subscribedTimer);
    this.#reconnector.stop();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#isDisconnecting = true;
    this.#pusher.disconnect();
    this.#isDisconnecting = false;
  }

  #stateChanged(state: string): void {
    if (state === 'connected') {
      this.#reconnector.stop();
      this.#unanswered = new Set(this.#joined);
      this.#subscribedTimer = setTimeout(() => this.host.subscribed(), SUBSCRIBED_AT_LATEST_MS);
      this.host.connectionChanged('connected');
      return;
    }
    clearTimeout(this.#subscribedTimer);
    this.#document?.listener.left();
    if (state !== 'disconnected') {
      this.#reconnector.start();
      this.host.connectionChanged('connecting');
    } else if (!this.#isDisconnecting) {
      // Closed with a code that says not to come back: 4000 to 4099.
      this.#reconnector.stop();
      this.host.connectionChanged('refused');
    }
  }

  #join(name: string, refused?: () => void): Channel {
    this.#joined.add(name);
    this.#unanswered.add(name);
    const channel = this.#pusher.subscribe(name);
    channel.bind('pusher:subscription_succeeded', () => this.#answered(name));
    channel.bind('pusher:subscription_error', (error: { status?: number }) => {
      if (this.#forbidden.delete(name) || error.status === 403) {
        this.#leave(name);
        refused?.();
      } else {
        setTimeout(() => {
          if (this.#joined.has(name)) this.#pusher.subscribe(name);
        }, RESUBSCRIBE_MS);
      }
    });
    return channel;
  }

  #leave(name: string): void {
    this.#joined.delete(name);
    this.#pusher.channel(name)?.unbind();
    this.#pusher.unsubscribe(name);
    this.#answered(name);
  }

  #answered(name: string): void {
    if (!this.#unanswered.delete(name) || this.#unanswered.size > 0) return;
    clearTimeout(this.#subscribedTimer);
    if (this.#pusher.connection.state === 'connected') this.host.subscribed();
  }
}

function socketAddress(socket: Instance['socket']): Options {
  const usesTls = socket.tls ?? location.protocol === 'https:';
  const port = socket.port ?? (Number(location.port) || (usesTls ? 443 : 80));
  return {
    cluster: '',
    wsHost: socket.host ?? location.hostname,
    wsPort: port,
    wssPort: port,
    forceTLS: usesTls,
    enabledTransports: usesTls ? ['ws', 'wss'] : ['ws'],
    enableStats: false,
  };
}

function roomChannel(roomId: number): string {
  return `private-room.${roomId}`;
}

function presenceChannel(roomId: number): string {
  return `presence-room.${roomId}`;
}

function people(members: Members): PresentPerson[] {
  const present: PresentPerson[] = [];
  members.each((member: { id: string; info: { name: string; username: string } }) => {
    present.push({ id: Number(member.id), name: member.info.name, username: member.info.username });
  });
  return present.sort((a, b) => a.name.localeCompare(b.name));
}

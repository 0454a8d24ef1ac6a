// Step 5 of the walk: events come in over one socket, through pusher-js as any client of the Pusher protocol uses it.

import Pusher, { type Channel, type Members, type Options, type PresenceChannel } from 'pusher-js';

import { now } from '../timeline/timeline-store';
import { ChannelRefused, ChannelRights } from './channel-rights';
import { Reconnector } from './reconnector';
import {
  type ChannelAuthorizations,
  type ClientUpdate,
  type DocumentSaved,
  type Instance,
  ROOM_EVENT_KINDS,
  type RoomEvent,
  type RoomFacts,
  type RoomRead,
} from '../http/wire';

/** How the socket stands. `refused`: the server does not want it, and trying again would not help. */
export type ConnectionState = 'connecting' | 'connected' | 'refused';

/** A person who has the room on screen. */
export interface PresentPerson {
  id: number;
  name: string;
  username: string;
}

/** Asks the server for the right to subscribe to channels. */
export type Authorise = (socketId: string, channelNames: readonly string[]) => Promise<ChannelAuthorizations>;

/** What comes in that concerns the page as a whole. */
export type RealtimeEvent =
  | { type: 'connection'; state: ConnectionState }
  /** Every subscription has been answered. From here on no event is missed, so read what was missed before. */
  | { type: 'subscribed' }
  /** This person became a member of a room, or stopped being one: on another device, by somebody else, or with the room. */
  | { type: 'room.joined' | 'room.left' | 'room.deleted'; roomId: number }
  /** Something became of an open room, which this person need not be in. */
  | { type: 'open-room'; event: RoomEvent & { room: RoomFacts } }
  /** This person has read up to this message, on another device. */
  | { type: 'room.read'; roomId: number; read: RoomRead };

/** What comes in over the two channels of a room. */
export type RoomChannelEvent =
  /** `receivedAt`: milliseconds since 1970 by this machine's clock. */
  | { type: 'event'; event: RoomEvent; receivedAt: number }
  /** The room's log reaches to `seq`; events were left out. */
  | { type: 'head'; seq: number }
  /** The right to the room's channel is gone. */
  | { type: 'refused' }
  | { type: 'presence'; people: PresentPerson[] }
  | { type: 'typing'; userId: number; isTyping: boolean };

/** What comes in over the channel of a document. */
export type DocumentChannelEvent =
  /** For the first time, or again after the connection was lost. */
  | { type: 'subscribed' }
  | { type: 'disconnected' }
  /** The right to the channel is gone: the document is archived, or this person no member. */
  | { type: 'refused' }
  | { type: 'presence'; people: PresentPerson[] }
  /** Another page changed something; `userId` is who the server says it is. */
  | { type: 'update'; update: ClientUpdate; userId: number }
  | { type: 'saved'; saved: DocumentSaved };

/** A subscription to a document's channel. */
export interface DocumentChannel {
  /** Sends something to the other pages in the document; it may get lost. */
  send(update: ClientUpdate): void;
  unsubscribe(): void;
}

/** A channel whose authorisation nobody answered is asked for again after this. */
const RESUBSCRIBE_MS = 2_000;
/** Missed events are read after this at the latest, though a channel may still wait for its answer. */
const SUBSCRIBED_AT_LATEST_MS = 5_000;

export class Realtime {
  readonly #pusher: Pusher;
  readonly #reconnector: Reconnector;
  /** The channels that are wanted. pusher-js also keeps those whose subscription was called off half-way. */
  #wanted = new Set<string>();
  /** Those of them that were asked for and not answered yet. */
  #unanswered = new Set<string>();
  #subscribedTimer: ReturnType<typeof setTimeout> | undefined;
  /** Channels whose authorisation the server refused; pusher-js tells the channel only that it failed. */
  #forbidden = new Set<string>();
  #presence: { roomId: number; channel: PresenceChannel } | null = null;
  #document: { name: string; on: (event: DocumentChannelEvent) => void } | null = null;
  /** Whether a disconnect is this page's own doing. */
  #isDisconnecting = false;

  constructor(
    socket: Instance['socket'],
    authorise: Authorise,
    private readonly on: (event: RealtimeEvent) => void,
  ) {
    const rights = new ChannelRights(authorise);
    this.#pusher = new Pusher(socket.key, {
      ...socketAddress(socket),
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, answer) => {
          rights.ask(socketId, channelName).then(
            (right) => answer(null, right),
            (error: unknown) => {
              if (error instanceof ChannelRefused) this.#forbidden.add(channelName);
              answer(error instanceof Error ? error : new Error(String(error)), null);
            },
          );
        },
      },
    });
    this.#reconnector = new Reconnector({
      isConnected: () => this.#pusher.connection.state === 'connected',
      connect: () => {
        this.#disconnect();
        this.#pusher.connect();
      },
    });
    this.#pusher.connection.bind('state_change', ({ current }: { current: string }) => this.#stateChanged(current));
  }

  /** Subscribes to what concerns this person alone. */
  subscribeUser(userId: number): void {
    const channel = this.#subscribe(`private-user.${userId}`);
    for (const type of ['room.joined', 'room.left', 'room.deleted'] as const) {
      channel.bind(type, (data: { room_id: number }) => this.on({ type, roomId: data.room_id }));
    }
    channel.bind('room.read', (read: RoomRead) => this.on({ type: 'room.read', roomId: read.room_id, read }));
  }

  /** Subscribes to what becomes of open rooms. */
  subscribeOpenRooms(): void {
    const channel = this.#subscribe('private-rooms');
    for (const type of ['room.created', 'room.changed', 'room.deleted'] as const) {
      channel.bind(type, (event: RoomEvent & { room: RoomFacts }) => this.on({ type: 'open-room', event }));
    }
  }

  /** Step 5: subscribes to the events of a room. */
  subscribeRoom(roomId: number, on: (event: RoomChannelEvent) => void): void {
    if (this.#wanted.has(roomChannel(roomId))) return;
    const channel = this.#subscribe(roomChannel(roomId), () => on({ type: 'refused' }));
    for (const type of ROOM_EVENT_KINDS) {
      channel.bind(type, (event: RoomEvent) => on({ type: 'event', event, receivedAt: now() }));
    }
    channel.bind('room.head', (head: { seq: number }) => on({ type: 'head', seq: head.seq }));
  }

  unsubscribeRoom(roomId: number): void {
    this.#unsubscribe(roomChannel(roomId));
    if (this.#presence?.roomId === roomId) this.unsubscribePresence();
  }

  /** Shows the others in a room that this person has it on screen, and hears who else has; one room at a time. */
  subscribePresence(roomId: number, on: (event: RoomChannelEvent) => void): void {
    if (this.#presence?.roomId === roomId) return;
    this.unsubscribePresence();
    const channel = this.#subscribe(presenceChannel(roomId)) as PresenceChannel;
    bindPeople(channel, (people) => on({ type: 'presence', people }));
    channel.bind('client-typing', (data: { typing?: unknown }, metadata: { user_id?: string }) =>
      on({ type: 'typing', userId: Number(metadata.user_id), isTyping: data.typing === true }),
    );
    this.#presence = { roomId, channel };
  }

  unsubscribePresence(): void {
    if (this.#presence !== null) this.#unsubscribe(presenceChannel(this.#presence.roomId));
    this.#presence = null;
  }

  /** Subscribes to a document, where its pages tell each other what is typed; one document at a time. */
  subscribeDocument(documentId: number, on: (event: DocumentChannelEvent) => void): DocumentChannel {
    const name = `presence-document.${documentId}`;
    if (this.#document !== null) this.#unsubscribe(this.#document.name);
    const document = { name, on };
    this.#document = document;
    const channel = this.#subscribe(name, () => on({ type: 'refused' })) as PresenceChannel;
    bindPeople(channel, (people) => on({ type: 'presence', people }));
    channel.bind('pusher:subscription_succeeded', () => on({ type: 'subscribed' }));
    channel.bind('client-update', (update: ClientUpdate, metadata: { user_id?: string }) =>
      on({ type: 'update', update, userId: Number(metadata.user_id) }),
    );
    channel.bind('document.saved', (saved: DocumentSaved) => on({ type: 'saved', saved }));
    return {
      send: (update) => {
        if (channel.subscribed) channel.trigger('client-update', update);
      },
      unsubscribe: () => {
        if (this.#document !== document) return;
        this.#document = null;
        this.#unsubscribe(name);
      },
    };
  }

  /** The socket's name, by which the server spares it what it sent itself; null without a connection. */
  get socketId(): string | null {
    return this.#pusher.connection.state === 'connected' ? this.#pusher.connection.socket_id : null;
  }

  /** Tells the others in the room on screen that this person is typing, or has stopped. */
  sendTyping(isTyping: boolean): void {
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
      this.#unanswered = new Set(this.#wanted);
      this.#subscribedTimer = setTimeout(() => this.on({ type: 'subscribed' }), SUBSCRIBED_AT_LATEST_MS);
      this.on({ type: 'connection', state: 'connected' });
      return;
    }
    clearTimeout(this.#subscribedTimer);
    this.#document?.on({ type: 'disconnected' });
    if (state !== 'disconnected') {
      this.#reconnector.start();
      this.on({ type: 'connection', state: 'connecting' });
    } else if (!this.#isDisconnecting) {
      // Closed with a code that says not to come back: 4000 to 4099.
      this.#reconnector.stop();
      this.on({ type: 'connection', state: 'refused' });
    }
  }

  #subscribe(name: string, refused?: () => void): Channel {
    this.#wanted.add(name);
    this.#unanswered.add(name);
    const channel = this.#pusher.subscribe(name);
    channel.bind('pusher:subscription_succeeded', () => this.#answered(name));
    channel.bind('pusher:subscription_error', (error: { status?: number }) => {
      if (this.#forbidden.delete(name) || error.status === 403) {
        this.#unsubscribe(name);
        refused?.();
      } else {
        setTimeout(() => {
          if (this.#wanted.has(name)) this.#pusher.subscribe(name);
        }, RESUBSCRIBE_MS);
      }
    });
    return channel;
  }

  #unsubscribe(name: string): void {
    this.#wanted.delete(name);
    this.#pusher.channel(name)?.unbind();
    this.#pusher.unsubscribe(name);
    this.#answered(name);
  }

  #answered(name: string): void {
    if (!this.#unanswered.delete(name) || this.#unanswered.size > 0) return;
    clearTimeout(this.#subscribedTimer);
    if (this.#pusher.connection.state === 'connected') this.on({ type: 'subscribed' });
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

/** Reports the members of a presence channel whenever they change. */
function bindPeople(channel: PresenceChannel, changed: (people: PresentPerson[]) => void): void {
  for (const event of ['pusher:subscription_succeeded', 'pusher:member_added', 'pusher:member_removed']) {
    channel.bind(event, () => changed(people(channel.members)));
  }
}

function people(members: Members): PresentPerson[] {
  const present: PresentPerson[] = [];
  members.each((member: { id: string; info: { name: string; username: string } }) => {
    present.push({ id: Number(member.id), name: member.info.name, username: member.info.username });
  });
  return present.sort((a, b) => a.name.localeCompare(b.name));
}

// Step 1 of the walk, and every other call to the HTTP API.

import { HttpClient } from './client';
import type {
  ApiToken,
  CatchUp,
  ChannelAuthorizations,
  DocumentFacts,
  DocumentVersion,
  Instance,
  Invite,
  LoadedDocument,
  Member,
  Message,
  MessagePage,
  Room,
  SavedDocument,
  ServerTimeline,
  User,
} from './wire';

/** Where a page of history lies: by the id of a message, or around the first message of that `number` or above. */
export interface HistoryCursor {
  before?: number;
  after?: number;
  around?: number;
  around_number?: number;
}

/** Changes of a room; what is missing stays as it is. */
export interface RoomChange {
  name?: string;
  topic?: string;
  archived?: boolean;
  is_default?: boolean;
}

/** How many people a search answers with at most. */
export const PEOPLE_FOUND_MAX = 100;

export class Api {
  constructor(private readonly http: HttpClient) {}

  /**
   * Step 1: posts a message. Repeating the call is safe, for the server stores a `client_id` once: a message that was
   * stored while its answer got lost is answered again and not doubled.
   */
  postMessage(roomId: number, message: { body: string; client_id: string; reply_to_id?: number }): Promise<Message> {
    return this.http.call('POST', `/api/v1/rooms/${roomId}/messages`, { body: message });
  }

  editMessage(roomId: number, messageId: number, body: string): Promise<Message> {
    return this.http.call('PATCH', `/api/v1/rooms/${roomId}/messages/${messageId}`, { body: { body } });
  }

  deleteMessage(roomId: number, messageId: number): Promise<Message> {
    return this.http.call('DELETE', `/api/v1/rooms/${roomId}/messages/${messageId}`);
  }

  /** Puts an emoji under a message, or takes one's own back. Repeating either changes nothing. */
  react(roomId: number, messageId: number, emoji: string, isAdded: boolean): Promise<Message> {
    const path = `/api/v1/rooms/${roomId}/messages/${messageId}/reactions/${encodeURIComponent(emoji)}`;
    return this.http.call(isAdded ? 'PUT' : 'DELETE', path);
  }

  /** A page of history, oldest first; without a cursor the newest. */
  messages(roomId: number, cursor: HistoryCursor = {}): Promise<MessagePage> {
    const query = new URLSearchParams(Object.entries(cursor).map(([name, id]) => [name, String(id)]));
    return this.http.call('GET', `/api/v1/rooms/${roomId}/messages?${query}`);
  }

  /** When the server did its steps of a message. */
  timeline(roomId: number, messageId: number): Promise<ServerTimeline> {
    return this.http.call('GET', `/api/v1/rooms/${roomId}/messages/${messageId}/flow`);
  }

  /** What happened in a room after `seq`. */
  eventsAfter(roomId: number, seq: number): Promise<CatchUp> {
    return this.http.call('GET', `/api/v1/rooms/${roomId}/events?after=${seq}&limit=500`);
  }

  instance(): Promise<Instance> {
    return this.http.call('GET', '/api/v1/instance', { anonymous: true });
  }

  /** One's own rooms and the open ones; with `all` (for administrators) closed ones of others, with `archived` archived ones. */
  async rooms(more: { all?: boolean; archived?: boolean } = {}): Promise<Room[]> {
    const query = new URLSearchParams(Object.entries(more).map(([name, wanted]) => [name, String(wanted)]));
    const path = query.size === 0 ? '/api/v1/rooms' : `/api/v1/rooms?${query}`;
    return (await this.http.call<{ items: Room[] }>('GET', path)).items;
  }

  room(roomId: number): Promise<Room> {
    return this.http.call('GET', `/api/v1/rooms/${roomId}`);
  }

  createRoom(room: { name: string; kind: Room['kind']; topic: string; member_ids: number[] }): Promise<Room> {
    return this.http.call('POST', '/api/v1/rooms', { body: room });
  }

  changeRoom(roomId: number, change: RoomChange): Promise<Room> {
    return this.http.call('PATCH', `/api/v1/rooms/${roomId}`, { body: change });
  }

  deleteRoom(roomId: number): Promise<void> {
    return this.http.call('DELETE', `/api/v1/rooms/${roomId}`);
  }

  joinRoom(roomId: number): Promise<Room> {
    return this.http.call('POST', `/api/v1/rooms/${roomId}/join`);
  }

  async members(roomId: number): Promise<Member[]> {
    return (await this.http.call<{ items: Member[] }>('GET', `/api/v1/rooms/${roomId}/members`)).items;
  }

  async addMember(roomId: number, userId: number): Promise<Member[]> {
    const body = { user_id: userId };
    return (await this.http.call<{ items: Member[] }>('POST', `/api/v1/rooms/${roomId}/members`, { body })).items;
  }

  /** Removes somebody, or leaves when it is oneself. From a closed room the last member goes only with `evenTheLast`. */
  removeMember(roomId: number, userId: number, evenTheLast = false): Promise<void> {
    const query = evenTheLast ? '?even_the_last=true' : '';
    return this.http.call('DELETE', `/api/v1/rooms/${roomId}/members/${userId}${query}`);
  }

  markRead(roomId: number, number: number): Promise<void> {
    return this.http.call('PUT', `/api/v1/rooms/${roomId}/read`, { body: { number } });
  }

  async documents(roomId: number): Promise<DocumentFacts[]> {
    const path = `/api/v1/rooms/${roomId}/documents`;
    return (await this.http.call<{ documents: DocumentFacts[] }>('GET', path)).documents;
  }

  createDocument(roomId: number, title: string): Promise<DocumentFacts> {
    return this.http.call('POST', `/api/v1/rooms/${roomId}/documents`, { body: { title } });
  }

  changeDocument(documentId: number, change: { title?: string; archived?: boolean }): Promise<DocumentFacts> {
    return this.http.call('PATCH', `/api/v1/documents/${documentId}`, { body: change });
  }

  /** Deletes a document with its versions, for good. */
  deleteDocument(documentId: number): Promise<void> {
    return this.http.call('DELETE', `/api/v1/documents/${documentId}`);
  }

  /** A document's content: all of it, or what the state vector (base64url) lacks. */
  loadDocument(documentId: number, stateVector: string | null): Promise<LoadedDocument> {
    const query = stateVector === null ? '' : `?sv=${stateVector}`;
    return this.http.call('GET', `/api/v1/documents/${documentId}${query}`);
  }

  /** Merges a Yjs update into the stored document. Repeating it is safe: what is stored already changes nothing. */
  saveDocument(
    documentId: number,
    update: Uint8Array<ArrayBuffer>,
    { keepalive, socketId }: { keepalive: boolean; socketId: string | null },
  ): Promise<SavedDocument> {
    // This page has what it saves: the event that tells of it need not come here.
    const headers: Record<string, string> = socketId === null ? {} : { 'X-Socket-Id': socketId };
    return this.http.call('PUT', `/api/v1/documents/${documentId}`, { bytes: update, headers, keepalive });
  }

  /** The text, as a file. */
  documentText(documentId: number): Promise<Blob> {
    return this.http.file(`/api/v1/documents/${documentId}/text`);
  }

  async documentVersions(documentId: number): Promise<DocumentVersion[]> {
    const path = `/api/v1/documents/${documentId}/versions`;
    return (await this.http.call<{ versions: DocumentVersion[] }>('GET', path)).versions;
  }

  async documentVersionText(documentId: number, number: number): Promise<string> {
    const path = `/api/v1/documents/${documentId}/versions/${number}`;
    return (await this.http.call<{ text: string }>('GET', path)).text;
  }

  /** Makes the text that version's again, by a change like any other. */
  restoreDocumentVersion(documentId: number, number: number): Promise<SavedDocument> {
    return this.http.call('POST', `/api/v1/documents/${documentId}/versions/${number}/restore`);
  }

  async findPeople(query: string): Promise<User[]> {
    const search = new URLSearchParams({ query, limit: String(PEOPLE_FOUND_MAX) });
    return (await this.http.call<{ items: User[] }>('GET', `/api/v1/users?${search}`)).items;
  }

  createInvite(expiresInHours: number): Promise<Invite> {
    return this.http.call('POST', '/api/v1/invites', { body: { expires_in_hours: expiresInHours } });
  }

  async tokens(): Promise<ApiToken[]> {
    return (await this.http.call<{ items: ApiToken[] }>('GET', '/api/v1/tokens')).items;
  }

  createToken(name: string): Promise<ApiToken & { token: string }> {
    return this.http.call('POST', '/api/v1/tokens', { body: { name } });
  }

  revokeToken(tokenId: number): Promise<void> {
    return this.http.call('DELETE', `/api/v1/tokens/${tokenId}`);
  }

  /** Asks for the right to join channels with this socket. */
  authoriseChannels(socketId: string, channelNames: readonly string[]): Promise<ChannelAuthorizations> {
    const body = { socket_id: socketId, channel_names: channelNames };
    return this.http.call('POST', '/broadcasting/auth/channels', { body });
  }
}

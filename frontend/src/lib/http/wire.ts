// The objects of the HTTP API and of the socket's events, as docs/api.md describes them.

export interface Author {
  id: number;
  username: string;
  name: string;
}

export interface User extends Author {
  role: 'member' | 'administrator';
  created_at: string;
}

export interface Member extends Author {
  joined_at: string;
}

export interface SessionAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  user: User;
}

export interface Instance {
  name: string;
  version: string;
  first_run: boolean;
  sign_up: 'open' | 'invite';
  demo: { people: DemoPerson[] } | null;
  socket: { key: string; host: string | null; port: number | null; tls: boolean | null };
  limits: Limits;
}

export interface DemoPerson {
  username: string;
  name: string;
  password: string;
}

export interface Limits {
  message_chars: number;
  room_name_chars: number;
  room_topic_chars: number;
  user_name_chars: number;
  password_chars_min: number;
  document_title_chars: number;
}

export interface Membership {
  read_number: number;
  unread: number;
  joined_at: string;
}

/** A room as an event carries it: the same for everybody. */
export interface RoomFacts {
  id: number;
  kind: 'open' | 'closed';
  name: string;
  topic: string;
  created_by: number;
  created_at: string;
  last_seq: number;
  message_count: number;
}

/** A room as the HTTP API answers it: with the caller's place in it, null when the caller is no member. */
export interface Room extends RoomFacts {
  membership: Membership | null;
}

export interface Message {
  id: number;
  room_id: number;
  seq: number;
  number: number;
  author: Author;
  body: string;
  html: string;
  client_id: string | null;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
}

export interface MessagePage {
  items: Message[];
  next: string | null;
  prev: string | null;
  seq: number;
}

/** A document without its text: what lists and events carry. */
export interface DocumentFacts {
  id: number;
  room_id: number;
  title: string;
  created_at: string;
  created_by: Author;
  /** The last save that changed something. */
  updated_at: string;
  updated_by: Author;
  /** Grows by one with every save that changed something. */
  revision: number;
  bytes: number;
  archived_at: string | null;
}

export interface DocumentVersion {
  number: number;
  created_at: string;
  created_by: Author;
  revision: number;
  bytes: number;
}

/** A document and what the caller lacks of it: a Yjs update, in base64. */
export interface LoadedDocument {
  document: DocumentFacts;
  update: string;
  state_vector: string;
}

export interface SavedDocument {
  document: DocumentFacts;
  state_vector: string;
  changed: boolean;
  /** False when a part builds on something that the server lacks; that part was left out. */
  complete: boolean;
}

/** Tells the others in a document that somebody saved; without the update when that is too large for an event. */
export interface DocumentSaved {
  document_id: number;
  revision: number;
  state_vector?: string;
  update?: string;
  updated_by: Author;
}

/** What the pages in a document send each other (`client-update`); each part in base64. */
export interface ClientUpdate {
  /** What somebody typed: a Yjs update. */
  update?: string;
  /** Where their cursor is (y-protocols). */
  awareness?: string;
  /** What they have, so that others see what they lack. */
  state_vector?: string;
}

interface EventHead {
  room_id: number;
  seq: number;
  created_at: string;
  actor: Author;
}

export type RoomEvent = EventHead &
  (
    | { type: 'room.created' | 'room.changed'; room: RoomFacts }
    | { type: 'message.posted'; message: Message; flow?: DispatchedTimeline }
    | { type: 'message.edited' | 'message.deleted'; message: Message }
    | { type: 'member.joined' | 'member.removed'; user: Author }
    | { type: 'document.created' | 'document.changed'; document: DocumentFacts }
  );

/** The names of a room's events, for binding to its channel. */
export const ROOM_EVENT_TYPES = [
  'room.created',
  'room.changed',
  'message.posted',
  'message.edited',
  'message.deleted',
  'member.joined',
  'member.removed',
  'document.created',
  'document.changed',
] as const satisfies RoomEvent['type'][];

export interface CatchUp {
  items: RoomEvent[];
  head: number;
  more: boolean;
  resync?: boolean;
}

/** Steps 2 and 3 as the event carries them; microseconds after `received_at`. */
export interface DispatchedTimeline {
  received_at: string;
  stored_us: number | null;
  dispatched_us: number | null;
}

/** The server's four steps of a message; microseconds after `received_at`. */
export interface ServerTimeline extends DispatchedTimeline {
  message_id: number;
  seq: number;
  heard_us: number | null;
  written_us: number | null;
  sockets: number;
  answered_us: number | null;
}

export interface ApiToken {
  id: number;
  name: string;
  created_at: string;
}

export interface Invite {
  id: number;
  code: string;
  url: string;
  expires_at: string | null;
}

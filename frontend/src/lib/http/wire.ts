// The objects of the HTTP API and of the socket's events, by the names that the page uses. Their fields stand in openapi.ts, which
// `npm run types` generates from docs/openapi.json.

import type { components } from './openapi';

type Schemas = components['schemas'];

export type UserRef = Schemas['UserRef'];
export type User = Schemas['User'];
export type Member = Schemas['Member'];
export type SessionAnswer = Schemas['Session'];

export type Instance = Schemas['Instance'];
export type DemoPerson = Schemas['DemoPerson'];
export type Limits = Schemas['Limits'];

export type Membership = Schemas['Membership'];
/** A room as an event carries it: the same for everybody. */
export type RoomFacts = Schemas['RoomFacts'];
/** A room as the HTTP API answers it: with the caller's place in it, null when the caller is no member. */
export type Room = Schemas['Room'];

export type Message = Schemas['Message'];
export type MessagePage = Schemas['MessagePage'];
/** What a message shows of the one that it answers. */
export type RepliedTo = Schemas['RepliedTo'];
export type EmojiCount = Schemas['EmojiCount'];
export type Reaction = Schemas['Reaction'];

/** A document without its text: what lists and events carry. */
export type DocumentFacts = Schemas['Document'];
export type DocumentVersion = Schemas['DocumentVersion'];
/** A document and what the caller lacks of it: a Yjs update, in base64. */
export type LoadedDocument = Schemas['DocumentContent'];
export type SavedDocument = Schemas['SavedDocument'];
/** Tells the others in a document that somebody saved; without the update when that is too large for an event. */
export type DocumentSaved = Schemas['DocumentSaved'];

/** What the pages in a document send each other (`client-update`); each part in base64. The server does not look into it. */
export interface ClientUpdate {
  /** What somebody typed: a Yjs update. */
  update?: string;
  /** Where their cursor is (y-protocols). */
  awareness?: string;
  /** What they have, so that others see what they lack. */
  state_vector?: string;
}

/** How far this person has read a room, and how it stood then. */
export type RoomRead = Schemas['RoomRead'];

export type RoomEvent = Schemas['Event'];

/** The names of a room's events, for binding to its channel. A name that is missing fails the check of types. */
const IS_ROOM_EVENT: Record<Schemas['EventKind'], true> = {
  'room.created': true,
  'room.changed': true,
  'room.deleted': true,
  'message.posted': true,
  'message.edited': true,
  'message.deleted': true,
  'member.joined': true,
  'member.removed': true,
  'document.created': true,
  'document.changed': true,
  'document.deleted': true,
  'reaction.added': true,
  'reaction.removed': true,
};
export const ROOM_EVENT_KINDS = Object.keys(IS_ROOM_EVENT) as Schemas['EventKind'][];

export type ChannelAuthorizations = Schemas['ChannelAuthorizations'];

export type CatchUp = Schemas['CatchUp'];

/** Steps 2 and 3 as the event carries them; microseconds after `received_at`. */
export type DispatchedTimeline = Schemas['DispatchedSteps'];
/** The server's four steps of a message; microseconds after `received_at`. */
export type ServerTimeline = Schemas['Timeline'];

export type ApiToken = Schemas['ApiToken'];
export type Invite = Schemas['Invite'];

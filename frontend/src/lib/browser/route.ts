// Which page an address stands for, and which address a page has.

export type Route =
  | { page: 'home' }
  | { page: 'room'; roomId: number; messageId: number | null }
  | { page: 'document'; roomId: number; documentId: number }
  | { page: 'sign-up'; invite: string | null }
  | { page: 'unknown' };

export function parseRoute(url: URL): Route {
  const invite = url.searchParams.get('invite');
  if (invite !== null || url.pathname === '/sign-up') return { page: 'sign-up', invite };
  const [, room, document] = /^\/rooms\/(\d{1,15})(?:\/documents\/(\d{1,15}))?\/?$/.exec(url.pathname) ?? [];
  if (room === undefined) return { page: url.pathname === '/' ? 'home' : 'unknown' };
  if (document !== undefined) return { page: 'document', roomId: Number(room), documentId: Number(document) };
  const message = /^\d{1,15}$/.exec(url.searchParams.get('message') ?? '')?.[0];
  return { page: 'room', roomId: Number(room), messageId: message === undefined ? null : Number(message) };
}

/** Addresses for programs: their answers are JSON, and nothing to be shown to a person. */
export function isForPrograms(url: URL): boolean {
  return /^\/(api|broadcasting|health|apps?)(\/|$)/.test(url.pathname) && url.pathname !== '/api/docs';
}

export function roomPath(roomId: number): string {
  return `/rooms/${roomId}`;
}

export function messagePath(roomId: number, messageId: number): string {
  return `/rooms/${roomId}?message=${messageId}`;
}

export function documentPath(roomId: number, documentId: number): string {
  return `/rooms/${roomId}/documents/${documentId}`;
}

// Which page an address stands for, and which address a page has.

export type Route =
  | { page: 'home' }
  | { page: 'room'; roomId: number; messageId: number | null }
  | { page: 'sign-up'; invite: string | null };

export function parseRoute(url: URL): Route {
  const invite = url.searchParams.get('invite');
  if (invite !== null || url.pathname === '/sign-up') return { page: 'sign-up', invite };
  const room = /^\/rooms\/(\d{1,15})\/?$/.exec(url.pathname)?.[1];
  if (room === undefined) return { page: 'home' };
  const message = /^\d{1,15}$/.exec(url.searchParams.get('message') ?? '')?.[0];
  return { page: 'room', roomId: Number(room), messageId: message === undefined ? null : Number(message) };
}

export function roomPath(roomId: number): string {
  return `/rooms/${roomId}`;
}

export function messagePath(roomId: number, messageId: number): string {
  return `/rooms/${roomId}?message=${messageId}`;
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Session } from './session.svelte';

const user = (id: number) => ({ id, username: `u${id}`, name: `User ${id}`, role: 'member', created_at: '' });
const answer = (token: string, id = 1, expires_in = 600): Response =>
  Response.json({ access_token: token, token_type: 'Bearer', expires_in, user: user(id) });
const ended = (): Response => Response.json({ code: 'session_ended', detail: 'Ended.' }, { status: 401 });

/** The server: answers are taken one by one, and what was asked is noted. */
let answers: (Response | Error)[] = [];
let asked: string[] = [];
let sessions: Session[] = [];

beforeEach(() => {
  answers = [];
  asked = [];
  sessions = [];
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push(`${init.method} ${path}`);
    const next = answers.shift();
    if (next instanceof Response) return next;
    throw next ?? new Error(`no answer was prepared for ${path}`);
  });
});

afterEach(() => {
  for (const session of sessions) session.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function signedIn(id = 1, expires_in = 600): Promise<Session> {
  const session = new Session();
  sessions.push(session);
  answers.push(answer('t1', id, expires_in));
  await session.signIn(`u${id}`, 'a long password');
  asked = [];
  return session;
}

describe('a session', () => {
  it('gives its token as long as it is valid, without asking the server', async () => {
    const session = await signedIn();
    expect(session.state).toBe('signed-in');
    expect(await session.token()).toBe('t1');
    expect(asked).toEqual([]);
  });

  it('renews a token before it expires, once for all who wait', async () => {
    const session = await signedIn(1, 10);
    answers.push(answer('t2'));
    expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(['t2', 't2', 't2']);
    expect(asked).toEqual(['POST /api/v1/session/refresh']);
  });

  it('renews a token that the server no longer takes', async () => {
    const session = await signedIn();
    answers.push(answer('t2'));
    expect(await session.renewed('t1')).toBe('t2');
  });

  it('does not renew for a call that failed with a token that was renewed meanwhile', async () => {
    const session = await signedIn();
    answers.push(answer('t2'));
    await session.renewed('t1');
    expect(await session.renewed('t1')).toBe('t2');
    expect(asked).toHaveLength(1);
  });

  it('ends when the server says so, and says why', async () => {
    const session = await signedIn();
    answers.push(ended());
    expect(await session.renewed('t1')).toBeNull();
    expect(session.state).toBe('signed-out');
    expect(session.notice).toContain('Your session has ended');
  });

  it('lends its token to whom it was lent before, and not to somebody else', async () => {
    const session = await signedIn(1);
    const credentials = session.credentialsOf(1);
    expect(await credentials.token()).toBe('t1');
    answers.push(new Response(null, { status: 204 }), answer('t2', 2));
    await session.signOut();
    await session.signIn('u2', 'a long password');
    expect(await credentials.token()).toBeNull();
    expect(await credentials.renewed('t1')).toBeNull();
  });

  it('does not end because nobody answers', async () => {
    const session = await signedIn();
    answers.push(new TypeError('Failed to fetch'));
    await expect(session.renewed('t1')).rejects.toMatchObject({ name: 'Unreachable' });
    expect(session.state).toBe('signed-in');
  });

  it('does not become another person’s because they signed in in another tab', async () => {
    const session = await signedIn(1);
    answers.push(answer('t2', 2));
    expect(await session.renewed('t1')).toBeNull();
    expect(session.state).toBe('signed-out');
    expect(session.notice).toContain('User 2');
  });

  it('shares its token with the other tabs', async () => {
    const [session, other] = [await signedIn(), await signedIn()];
    answers.push(answer('t2'));
    await session.renewed('t1');
    await vi.waitFor(async () => expect(await other.token()).toBe('t2'));
    expect(asked).toEqual(['POST /api/v1/session/refresh']);
  });

  it('ends in every tab when somebody signs out in one', async () => {
    const [session, other] = [await signedIn(), await signedIn()];
    answers.push(new Response(null, { status: 204 }));
    await session.signOut();
    expect(session.notice).toBeNull();
    await vi.waitFor(() => expect(other.state).toBe('signed-out'));
  });

  it('ends here when signing out, even when nobody answers', async () => {
    const session = await signedIn();
    answers.push(new TypeError('Failed to fetch'));
    await session.signOut();
    expect(session.state).toBe('signed-out');
  });
});

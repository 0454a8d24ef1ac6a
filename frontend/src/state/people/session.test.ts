import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { storage } from '../../lib/storage/storage';
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

  it('says that signing out failed, and tries again until the server has answered', async () => {
    vi.useFakeTimers();
    const session = await signedIn();
    answers.push(new TypeError('Failed to fetch'), new Response(null, { status: 503 }));
    const signedOut = session.signOut();
    await vi.advanceTimersByTimeAsync(0);
    expect([session.state, session.signOutFailure]).toEqual([
      'signed-in',
      expect.stringContaining('cannot be reached'),
    ]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([session.state, session.signOutFailure]).toEqual(['signed-in', expect.stringContaining('503')]);
    answers.push(new Response(null, { status: 204 }));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await signedOut).toBe(true);
    expect([session.state, session.signOutFailure]).toEqual(['signed-out', null]);
    expect(asked).toEqual(Array(3).fill('DELETE /api/v1/session'));
  });

  it('goes on when its person stays after signing out has failed', async () => {
    vi.useFakeTimers();
    const session = await signedIn();
    answers.push(new TypeError('Failed to fetch'));
    const signedOut = session.signOut();
    await vi.advanceTimersByTimeAsync(0);
    session.stay();
    expect(await signedOut).toBe(false);
    expect([session.state, session.signOutFailure]).toEqual(['signed-in', null]);
    expect(asked).toHaveLength(1);
  });

  it('signs out at the next visit when the page was closed before the server could be told', async () => {
    vi.useFakeTimers();
    const closed = await signedIn();
    answers.push(new TypeError('Failed to fetch'));
    void closed.signOut();
    await vi.advanceTimersByTimeAsync(0);
    answers.push(new TypeError('Failed to fetch'));
    const visit = new Session();
    sessions.push(visit);
    await visit.start();
    expect(visit.state).toBe('unreachable');
    expect(storage.getItem('hubbub.signing-out')).toBe('1');
    asked = [];
    answers.push(answer('t2'), new Response(null, { status: 204 }), Response.json({ name: 'Hubbub' }));
    await visit.start();
    expect([visit.state, storage.getItem('hubbub.signing-out')]).toEqual(['signed-out', null]);
    expect(asked).toEqual(['POST /api/v1/session/refresh', 'DELETE /api/v1/session', 'GET /api/v1/instance']);
    closed.stay();
  });
});

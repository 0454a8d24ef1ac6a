// Who is signed in, and the access token that proves it. The refresh token lives in a cookie that no script can read.

import { HttpClient, type Credentials } from '../../lib/http/client';
import { backoffMs } from '../../lib/backoff';
import { ApiError, explain, showSettingNames } from '../../lib/http/problem';
import { pageVersion } from '../page/page-version.svelte';
import { storage } from '../../lib/storage/storage';
import type { Instance, SessionAnswer, User } from '../../lib/http/wire';

/** Whether this browser has signed in before: spares strangers a refresh that must fail. */
const HINT = 'hubbub.signed-in';
/** Whether somebody wants to sign out here and the server has not answered yet: the next visit goes on with it. */
const SIGNING_OUT = 'hubbub.signing-out';
/** A token is renewed this long before it expires: longer than a call takes. */
const MARGIN_MS = 20_000;

interface Token {
  text: string;
  expiresAt: number;
}

/** What the tabs of one browser tell each other: they share the cookie, so they share the token. */
type TabMessage = { kind: 'token'; token: Token; user: User } | { kind: 'signed-out' };

export class Session implements Credentials {
  state = $state<'starting' | 'unreachable' | 'signed-out' | 'signed-in'>('starting');
  instance = $state.raw<Instance | null>(null);
  user = $state.raw<User | null>(null);
  /** Why the person has to sign in again, if there is something to say. */
  notice = $state<string | null>(null);
  /** Why the person is still signed in although they want to sign out, while that is tried again. */
  signOutFailure = $state<string | null>(null);
  /** Whether the account was created just now: its person is taken to a room. */
  isNewcomer = false;

  readonly #http = new HttpClient(this, undefined, (headers) => pageVersion.note(headers));
  #token: Token | null = null;
  #renewing: Promise<string | null> | null = null;
  #signingOut: Promise<boolean> | null = null;
  #wantsToLeave = false;
  #tryNow: () => void = () => undefined;
  #tabs = new BroadcastChannel('hubbub.session');

  constructor() {
    this.#tabs.onmessage = (message: MessageEvent<TabMessage>) => this.#hear(message.data);
  }

  /** Asks the server what it is, and takes up the session of this browser if there is one. */
  async start(): Promise<void> {
    let refreshed: Promise<unknown> | undefined;
    try {
      if (storage.getItem(SIGNING_OUT) !== null) await this.#finishSigningOut();
      const instance = this.#http.call<Instance>('GET', '/api/v1/instance', { anonymous: true });
      refreshed = storage.getItem(HINT) === null ? undefined : this.#refresh();
      [this.instance] = await Promise.all([instance, refreshed]);
      if (this.state !== 'signed-in') this.state = 'signed-out';
    } catch {
      // The session may be taken up although the server did not say what it is: only the next attempt knows both.
      await refreshed?.catch(() => undefined);
      this.state = 'unreachable';
    }
  }

  async signIn(username: string, password: string): Promise<void> {
    const body = { username, password };
    this.#accept(await this.#http.call<SessionAnswer>('POST', '/api/v1/session', { body, anonymous: true }));
  }

  async signUp(account: { username: string; password: string; name?: string; invite?: string }): Promise<void> {
    this.#accept(await this.#http.call<SessionAnswer>('POST', '/api/v1/users', { body: account, anonymous: true }));
    this.isNewcomer = true;
    if (this.instance !== null) this.instance = { ...this.instance, first_run: false };
  }

  /**
   * Ends the session at the server, then here. A session that only this page has forgotten could still be used: as long as
   * the server does not confirm it, the person is told so, and it is tried again. Answers whether it was done, for they
   * may stay instead.
   */
  signOut(): Promise<boolean> {
    this.#tryNow();
    this.#signingOut ??= this.#signOutAtLast().finally(() => {
      this.#signingOut = null;
      this.signOutFailure = null;
    });
    return this.#signingOut;
  }

  /** Gives up signing out. */
  stay(): void {
    this.#wantsToLeave = false;
    storage.removeItem(SIGNING_OUT);
    this.#tryNow();
  }

  async #signOutAtLast(): Promise<boolean> {
    this.#wantsToLeave = true;
    storage.setItem(SIGNING_OUT, '1');
    for (let failures = 1; this.#wantsToLeave && this.state === 'signed-in'; failures += 1) {
      try {
        await this.#http.call('DELETE', '/api/v1/session');
        break;
      } catch (error) {
        if (hasEnded(error)) break;
        this.signOutFailure = explain(error);
        await new Promise<void>((resolve) => {
          this.#tryNow = resolve;
          setTimeout(resolve, backoffMs(failures));
        });
      }
    }
    storage.removeItem(SIGNING_OUT);
    if (!this.#wantsToLeave) return false;
    this.#tabs.postMessage({ kind: 'signed-out' } satisfies TabMessage);
    this.#end(null);
    return true;
  }

  /** Ends the session of a page that was closed before the server could be told. Nobody is signed in until it is done. */
  async #finishSigningOut(): Promise<void> {
    try {
      const { access_token } = await this.#http.call<SessionAnswer>('POST', '/api/v1/session/refresh', {
        anonymous: true,
      });
      const headers = { Authorization: `Bearer ${access_token}` };
      await this.#http.call('DELETE', '/api/v1/session', { anonymous: true, headers });
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
    storage.removeItem(SIGNING_OUT);
    storage.removeItem(HINT);
  }

  /**
   * What stands for one person only: once somebody else has signed in here, it gives nothing. A call that was under way
   * when they did must not be repeated in their name.
   */
  credentialsOf(userId: number): Credentials {
    const ifTheirs = (token: string | null): string | null => (this.user?.id === userId ? token : null);
    return {
      token: async () => ifTheirs(this.user?.id === userId ? await this.token() : null),
      renewed: async (refused) => ifTheirs(this.user?.id === userId ? await this.renewed(refused) : null),
    };
  }

  /** Stops listening to the other tabs. */
  close(): void {
    this.#tabs.close();
  }

  async token(): Promise<string | null> {
    if (this.#token !== null && this.#token.expiresAt - MARGIN_MS > Date.now()) return this.#token.text;
    return this.renewed(this.#token?.text ?? '');
  }

  /** One renewal at a time: the cookie changes with each, and using an old one twice ends the session. */
  renewed(refused: string): Promise<string | null> {
    this.#renewing ??= this.#renew(refused).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew(refused: string): Promise<string | null> {
    if (this.state !== 'signed-in') return null;
    const renew = async (): Promise<string | null> => {
      // Another tab may have renewed it while this one waited for the lock.
      if (this.#token !== null && this.#token.text !== refused) return this.#token.text;
      await this.#refresh();
      return this.#token?.text ?? null;
    };
    // Browsers offer locks on https and localhost only; elsewhere two tabs may collide, and one signs in again.
    return 'locks' in navigator ? navigator.locks.request('hubbub.refresh', renew) : renew();
  }

  async #refresh(): Promise<void> {
    try {
      this.#accept(await this.#http.call<SessionAnswer>('POST', '/api/v1/session/refresh', { anonymous: true }));
    } catch (error) {
      if (!hasEnded(error)) throw error;
      this.#end(
        this.user === null
          ? null
          : 'Your session has ended. Sign in to continue. Your drafts and unsent messages are kept.',
      );
    }
  }

  #accept(answer: SessionAnswer): void {
    if (this.user !== null && this.user.id !== answer.user.id && this.state === 'signed-in') {
      // The cookie is the browser's: somebody signed in as another person in another tab. Never act for them unasked.
      this.#end(`This browser is signed in as ${answer.user.name} in another tab.`);
      return;
    }
    const token = { text: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1_000 };
    this.#signedIn(token, answer.user);
    this.#tabs.postMessage({ kind: 'token', token, user: answer.user } satisfies TabMessage);
  }

  #hear(message: TabMessage): void {
    if (message.kind === 'signed-out') {
      if (this.state === 'signed-in') this.#end('You signed out in another tab.');
    } else if (this.user?.id === message.user.id) {
      this.#token = message.token;
    }
  }

  #signedIn(token: Token, user: User): void {
    storage.setItem(HINT, '1');
    this.#token = token;
    this.user = user;
    showSettingNames(user.role === 'administrator');
    this.notice = null;
    this.state = 'signed-in';
  }

  #end(notice: string | null): void {
    if (notice === null) storage.removeItem(HINT);
    this.#token = null;
    this.user = null;
    showSettingNames(false);
    this.notice = notice;
    this.state = 'signed-out';
  }
}

/** Whether the server says that there is no such session any more. */
function hasEnded(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

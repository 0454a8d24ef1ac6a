// One HTTP call: the token goes with it, an expired one is renewed, and every failure is an ApiError or Unreachable.

import { ApiError, Unreachable } from './problem';

/** Where the access token comes from. */
export interface Credentials {
  /** A token that is still valid, renewed if need be; null when the session has ended. */
  token(): Promise<string | null>;
  /** Another token than `refused`, which the server did not accept; null when the session has ended. */
  renewed(refused: string): Promise<string | null>;
}

export interface CallOptions {
  body?: unknown;
  form?: Record<string, string>;
  /** A body that is sent as it is. */
  bytes?: Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** The call outlives the page that made it; with at most 64 kB of body. */
  keepalive?: boolean;
  /** Calls without a token: before sign-in, and the refresh itself. */
  anonymous?: boolean;
}

/** Longer than any answer takes; beyond it the row says that it waits, and the post is repeated under the same client id. */
const TIMEOUT_MS = 15_000;

export class HttpClient {
  constructor(
    private readonly credentials: Credentials,
    private readonly fetcher: typeof fetch = (input, init) => fetch(input, init),
    /** Hears the headers of each answer. */
    private readonly answered: (headers: Headers) => void = () => undefined,
  ) {}

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    return read<T>(await this.answer(method, path, options));
  }

  /** What stands at an address, as it is. */
  async file(path: string): Promise<Blob> {
    const response = await this.answer('GET', path, {});
    if (!response.ok) throw await ApiError.from(response);
    return response.blob().catch(() => Promise.reject(new Unreachable()));
  }

  private async answer(method: string, path: string, options: CallOptions): Promise<Response> {
    if (options.anonymous) return this.send(method, path, options, null);

    const token = await this.credentials.token();
    if (token === null) throw sessionEnded();
    const response = await this.send(method, path, options, token);
    if (response.status !== 401) return response;

    const renewed = await this.credentials.renewed(token);
    if (renewed === null) throw sessionEnded();
    return this.send(method, path, options, renewed);
  }

  private async send(method: string, path: string, options: CallOptions, token: string | null): Promise<Response> {
    const headers = new Headers({ Accept: 'application/json', ...options.headers });
    if (token !== null) headers.set('Authorization', `Bearer ${token}`);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // What the server answers now, and not what the browser remembers of it.
    const init: RequestInit = { method, headers, signal, credentials: 'same-origin', cache: 'no-store' };
    if (options.keepalive) init.keepalive = true;
    if (options.form) {
      init.body = new URLSearchParams(options.form);
    } else if (options.bytes) {
      headers.set('Content-Type', 'application/octet-stream');
      init.body = options.bytes;
    } else if (options.body !== undefined) {
      headers.set('Content-Type', 'application/json');
      init.body = JSON.stringify(options.body);
    }
    const response = await this.fetcher(path, init).catch(() => {
      // Fetch rejects for a refused connection, a lost one and a timeout alike: in all of them nobody answered.
      throw new Unreachable();
    });
    this.answered(response.headers);
    return response;
  }
}

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) throw await ApiError.from(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new Unreachable();
  }
}

function sessionEnded(): ApiError {
  return new ApiError(401, 'session_ended', 'Your session has ended. Sign in again.');
}

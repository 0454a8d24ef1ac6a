import { describe, expect, it } from 'vitest';

import { type Credentials, HttpClient } from './http';
import { ApiError, Unreachable, explain } from './problem';

const problem = (status: number, body: object, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

function client(answers: (Response | Error)[], tokens: (string | null)[]) {
  const seen: (string | null)[] = [];
  const credentials: Credentials = {
    token: async () => tokens.shift() ?? null,
    renewed: async () => tokens.shift() ?? null,
  };
  const http = new HttpClient(credentials, async (_, init) => {
    seen.push(new Headers(init?.headers).get('Authorization'));
    const answer = answers.shift();
    if (answer instanceof Response) return answer;
    throw answer ?? new Error('no answer was prepared');
  });
  return { http, seen };
}

describe('a call', () => {
  it('carries the token', async () => {
    const { http, seen } = client([Response.json({ id: 1 })], ['t1']);
    expect(await http.call('GET', '/api/v1/me')).toEqual({ id: 1 });
    expect(seen).toEqual(['Bearer t1']);
  });

  it('is repeated once with a renewed token when the first is refused', async () => {
    const { http, seen } = client([problem(401, {}), Response.json('ok')], ['old', 'new']);
    expect(await http.call('GET', '/api/v1/me')).toBe('ok');
    expect(seen).toEqual(['Bearer old', 'Bearer new']);
  });

  it('carries bytes as they are, and what else goes into its head', async () => {
    const http = new HttpClient({ token: async () => 't', renewed: async () => null }, async (_, init) => {
      const headers = new Headers(init?.headers);
      return Response.json([
        headers.get('Content-Type'),
        headers.get('X-Socket-Id'),
        [...(init?.body as Uint8Array)],
        init?.keepalive,
      ]);
    });
    const options = { bytes: Uint8Array.of(0, 255), headers: { 'X-Socket-Id': '1.2' }, keepalive: true };
    expect(await http.call('PUT', '/', options)).toEqual(['application/octet-stream', '1.2', [0, 255], true]);
  });

  it('is not repeated for ever', async () => {
    const { http, seen } = client([problem(401, {}), problem(401, { code: 'token_invalid' })], ['old', 'new']);
    await expect(http.call('GET', '/api/v1/me')).rejects.toMatchObject({ status: 401, code: 'token_invalid' });
    expect(seen).toHaveLength(2);
  });

  it('says that the session has ended without asking the server', async () => {
    const { http, seen } = client([], [null]);
    await expect(http.call('GET', '/api/v1/me')).rejects.toMatchObject({ code: 'session_ended' });
    expect(seen).toEqual([]);
  });

  it('sends no token when it is anonymous', async () => {
    const { http, seen } = client([Response.json({})], ['t1']);
    await http.call('GET', '/api/v1/instance', { anonymous: true });
    expect(seen).toEqual([null]);
  });

  it('tells a refusal from silence', async () => {
    const { http } = client([new TypeError('Failed to fetch'), problem(422, { code: 'x', detail: 'No.' })], ['a', 'b']);
    await expect(http.call('GET', '/')).rejects.toBeInstanceOf(Unreachable);
    await expect(http.call('GET', '/')).rejects.toBeInstanceOf(ApiError);
  });

  it('reads what is wrong with which field', async () => {
    const errors = [{ field: 'password', detail: 'Too short.' }];
    const { http } = client([problem(422, { code: 'password_too_short', detail: 'Too short.', errors })], ['t']);
    await expect(http.call('POST', '/')).rejects.toMatchObject({ fields: { password: 'Too short.' } });
  });

  it('reads how long to wait', async () => {
    const answer = problem(429, { code: 'too_many_attempts', detail: 'Too many.' }, { 'Retry-After': '12' });
    const { http } = client([answer], ['t']);
    const error = await http.call('POST', '/').catch((caught: unknown) => caught);
    expect(explain(error)).toBe('Too many. Try again in 12 s.');
  });

  it('understands a refusal that is no problem document, such as a proxy’s', async () => {
    const { http } = client([new Response('<html>Bad gateway</html>', { status: 502 })], ['t']);
    await expect(http.call('GET', '/')).rejects.toMatchObject({ status: 502, code: 'unknown' });
  });

  it('answers nothing for 204', async () => {
    const { http } = client([new Response(null, { status: 204 })], ['t']);
    expect(await http.call('DELETE', '/')).toBeUndefined();
  });
});

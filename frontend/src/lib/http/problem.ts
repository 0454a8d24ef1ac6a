// The two ways in which a call fails: the server refused it, or nobody answered.

interface ProblemBody {
  code?: string;
  detail?: string;
  title?: string;
  errors?: { field: string; detail: string }[];
}

let showsSettingNames = false;

/** Whether the person can do something with the name of a setting: administrators can, others cannot. */
export function showSettingNames(shows: boolean): void {
  showsSettingNames = shows;
}

/** A server's sentence without the settings that it names, such as ` (HUBBUB_MAX_MESSAGE_CHARS)`. */
function forPerson(detail: string): string {
  if (showsSettingNames) return detail;
  return detail
    .replace(/\s*[([][^()[\]]*\bHUBBUB_[A-Z0-9_]+[^()[\]]*[)\]]/g, '')
    .replace(/\bHUBBUB_[A-Z0-9_]+/g, 'a setting of the server');
}

/** The server answered, and the answer is no (`application/problem+json`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: Readonly<Record<string, string>> = {},
    readonly retryAfterSecs: number | null = null,
  ) {
    super(detail);
  }

  static async from(response: Response): Promise<ApiError> {
    const problem = await response.json().then(
      (body: unknown) => (typeof body === 'object' && body !== null ? (body as ProblemBody) : {}),
      () => ({}) as ProblemBody,
    );
    const fields = Object.fromEntries((problem.errors ?? []).map((error) => [error.field, forPerson(error.detail)]));
    const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
    return new ApiError(
      response.status,
      problem.code ?? 'unknown',
      forPerson(problem.detail ?? problem.title ?? `The server answered ${response.status}.`),
      fields,
      Number.isNaN(retryAfter) ? null : retryAfter,
    );
  }
}

/** Nobody answered: no network, a server that is down, or an answer that took too long. Whether it was done is unknown. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';

  constructor() {
    super('The server cannot be reached.');
  }
}

/** A sentence for the person at the screen. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const wait =
      error.status === 429 && error.retryAfterSecs !== null ? ` Try again in ${error.retryAfterSecs} s.` : '';
    return error.detail + wait;
  }
  if (error instanceof Unreachable) return 'The server cannot be reached. Check the connection and try again.';
  return 'Something went wrong in this page. Reload it and try again.';
}

import { afterEach, describe, expect, it } from 'vitest';

import { ApiError, explain, showSettingNames } from './problem';

const refused = (detail: string): Promise<ApiError> =>
  ApiError.from(
    new Response(JSON.stringify({ detail, errors: [{ field: 'name', detail }] }), {
      status: 422,
      headers: { 'Content-Type': 'application/problem+json' },
    }),
  );

afterEach(() => showSettingNames(false));

describe('an error', () => {
  it.each([
    ['The name has at most 80 characters (HUBBUB_MAX_ROOM_NAME_CHARS).', 'The name has at most 80 characters.'],
    ['Too many attempts; wait a moment (HUBBUB_SIGN_INS_PER_MINUTE).', 'Too many attempts; wait a moment.'],
    ['At most 3 (see HUBBUB_A and HUBBUB_B) and 4 [HUBBUB_C].', 'At most 3 and 4.'],
    ['Raise HUBBUB_MAX_BODY_BYTES to send more.', 'Raise a setting of the server to send more.'],
    ['There is no such room.', 'There is no such room.'],
  ])('names no setting to people: %s', async (detail, expected) => {
    const error = await refused(detail);
    expect(explain(error)).toBe(expected);
    expect(error.fields.name).toBe(expected);
  });

  it('names the setting to administrators, who can change it', async () => {
    showSettingNames(true);
    const detail = 'The name has at most 80 characters (HUBBUB_MAX_ROOM_NAME_CHARS).';
    expect(explain(await refused(detail))).toBe(detail);
  });
});

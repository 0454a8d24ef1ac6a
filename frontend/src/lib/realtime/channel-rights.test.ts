import { describe, expect, it, vi } from 'vitest';

import { ChannelRefused, ChannelRights } from './channel-rights';
import { Unreachable } from '../http/problem';
import type { ChannelAuthorizations } from '../http/wire';

function server(refused: string[] = []) {
  return vi.fn(async (socketId: string, names: readonly string[]): Promise<ChannelAuthorizations> => ({
    channels: names
      .filter((name) => !refused.includes(name))
      .map((channel_name) => ({ channel_name, auth: `${socketId}:${channel_name}` })),
    refused,
  }));
}

describe('the rights to channels', () => {
  it('are asked for with one request, and each is answered with its own', async () => {
    const authorise = server();
    const rights = new ChannelRights(authorise);
    const names = Array.from({ length: 126 }, (_, index) => `private-room.${index}`);
    const answers = await Promise.all(names.map((name) => rights.ask('1.2', name)));
    expect(authorise).toHaveBeenCalledTimes(1);
    expect(answers).toEqual(names.map((name) => ({ auth: `1.2:${name}` })));
  });

  it('are asked for again when a channel is asked for later, or by another socket', async () => {
    const authorise = server();
    const rights = new ChannelRights(authorise);
    await Promise.all([rights.ask('1.2', 'a'), rights.ask('3.4', 'a'), rights.ask('3.4', 'b')]);
    await rights.ask('3.4', 'c');
    expect(authorise.mock.calls).toEqual([
      ['1.2', ['a']],
      ['3.4', ['a', 'b']],
      ['3.4', ['c']],
    ]);
  });

  it('are asked for in parts when there are very many', async () => {
    const authorise = server();
    const rights = new ChannelRights(authorise);
    await Promise.all(Array.from({ length: 1_400 }, (_, index) => rights.ask('1.2', `private-room.${index}`)));
    expect(authorise.mock.calls.map(([, names]) => names.length)).toEqual([500, 500, 400]);
  });

  it('are refused one by one, and fail together when nobody answers', async () => {
    const rights = new ChannelRights(server(['b']));
    const [a, b] = await Promise.allSettled([rights.ask('1.2', 'a'), rights.ask('1.2', 'b')]);
    expect(a.status).toBe('fulfilled');
    expect(b).toMatchObject({ status: 'rejected', reason: expect.any(ChannelRefused) });
    const offline = new ChannelRights(() => Promise.reject(new Unreachable()));
    const lost = await Promise.allSettled([offline.ask('1.2', 'a'), offline.ask('1.2', 'b')]);
    expect(lost.map((each) => each.status)).toEqual(['rejected', 'rejected']);
  });
});

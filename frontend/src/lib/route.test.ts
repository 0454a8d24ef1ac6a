import { describe, expect, it } from 'vitest';

import { documentPath, messagePath, parseRoute, roomPath } from './route';

const parse = (path: string) => parseRoute(new URL(path, 'http://hubbub.test'));

describe('an address', () => {
  it('stands for a room', () => {
    expect(parse(roomPath(3))).toEqual({ page: 'room', roomId: 3, messageId: null });
  });

  it('stands for a message in its room', () => {
    expect(parse(messagePath(3, 7))).toEqual({ page: 'room', roomId: 3, messageId: 7 });
  });

  it('stands for a document in its room', () => {
    expect(parse(documentPath(3, 7))).toEqual({ page: 'document', roomId: 3, documentId: 7 });
  });

  it('carries an invitation', () => {
    expect(parse('/?invite=abc')).toEqual({ page: 'sign-up', invite: 'abc' });
    expect(parse('/sign-up')).toEqual({ page: 'sign-up', invite: null });
  });

  it('leads home when it stands for nothing', () => {
    for (const path of [
      '/',
      '/rooms/',
      '/rooms/x',
      '/rooms/1/2',
      '/rooms/1/documents/',
      '/rooms/1/documents/x',
      '/elsewhere',
      '/rooms/9999999999999999',
    ]) {
      expect(parse(path), path).toEqual({ page: 'home' });
    }
  });

  it('leads to the room when its message is none', () => {
    expect(parse('/rooms/3?message=x')).toEqual({ page: 'room', roomId: 3, messageId: null });
  });
});

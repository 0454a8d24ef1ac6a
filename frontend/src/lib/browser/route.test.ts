import { describe, expect, it } from 'vitest';

import { documentPath, isForPrograms, messagePath, parseRoute, roomPath } from './route';

const parse = (path: string) => parseRoute(new URL(path, 'http://hubbub.test'));

const address = (path: string): URL => new URL(path, 'https://chat.example.org');

describe('addresses of no page', () => {
  it('are told apart from the page of the rooms', () => {
    expect(parseRoute(address('/'))).toEqual({ page: 'home' });
    for (const path of ['/nothing', '/rooms', '/rooms/x', '/rooms/1/other', '/Rooms/1']) {
      expect(parseRoute(address(path))).toEqual({ page: 'unknown' });
    }
  });

  it('may be for programs', () => {
    for (const path of ['/api/v1/rooms', '/api', '/health/live', '/apps/1/events', '/app/key', '/broadcasting/auth']) {
      expect(isForPrograms(address(path))).toBe(true);
    }
    for (const path of ['/api/docs', '/rooms/1', '/apple', '/']) expect(isForPrograms(address(path))).toBe(false);
  });
});

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

  it('is unknown when it stands for nothing', () => {
    for (const path of [
      '/rooms/',
      '/rooms/x',
      '/rooms/1/2',
      '/rooms/1/documents/',
      '/rooms/1/documents/x',
      '/elsewhere',
      '/rooms/9999999999999999',
    ]) {
      expect(parse(path), path).toEqual({ page: 'unknown' });
    }
  });

  it('leads to the room when its message is none', () => {
    expect(parse('/rooms/3?message=x')).toEqual({ page: 'room', roomId: 3, messageId: null });
  });
});

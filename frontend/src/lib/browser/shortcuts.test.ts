import { describe, expect, it } from 'vitest';

import { type Keys, neighbour, shortcutOf } from './shortcuts';

const press = (key: string, with_: Partial<Keys> = {}): Keys => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  keyCode: 0,
  ...with_,
});

describe('keys', () => {
  it('switch rooms with Ctrl or Cmd and K, even while writing', () => {
    for (const command of [{ ctrlKey: true }, { metaKey: true }]) {
      expect(shortcutOf(press('k', command), true)).toEqual({ action: 'switch' });
    }
  });

  it('are text while somebody writes', () => {
    for (const key of ['e', 'f', '?']) expect(shortcutOf(press(key), true)).toBeNull();
    expect(shortcutOf(press('?', { shiftKey: true }), false)).toEqual({ action: 'help' });
  });

  it('leave the browser’s own combinations alone', () => {
    expect(shortcutOf(press('f', { ctrlKey: true }), false)).toBeNull();
    expect(shortcutOf(press('K', { ctrlKey: true, shiftKey: true }), false)).toBeNull();
  });

  it('mean nothing while an input method composes', () => {
    expect(shortcutOf(press('k', { ctrlKey: true, isComposing: true }), true)).toBeNull();
  });

  it('move between rooms, and with Shift between unread ones', () => {
    expect(shortcutOf(press('ArrowUp', { altKey: true }), true)).toEqual({
      action: 'move',
      step: -1,
      unreadOnly: false,
    });
    expect(shortcutOf(press('ArrowDown', { altKey: true, shiftKey: true }), true)).toMatchObject({ unreadOnly: true });
  });
});

describe('a neighbour', () => {
  const all = (): boolean => true;

  it('is found around the ends', () => {
    expect(neighbour(['a', 'b', 'c'], 'c', 1, all)).toBe('a');
    expect(neighbour(['a', 'b', 'c'], 'a', -1, all)).toBe('c');
    expect(neighbour(['a', 'b', 'c'], null, 1, all)).toBe('a');
    expect(neighbour(['a', 'b', 'c'], null, -1, all)).toBe('c');
  });

  it('is one that is wanted, or none', () => {
    expect(neighbour(['a', 'b', 'c'], 'a', 1, (item) => item === 'c')).toBe('c');
    expect(neighbour(['a', 'b'], 'a', 1, () => false)).toBeNull();
    expect(neighbour([], null, 1, all)).toBeNull();
    expect(neighbour(['a'], 'a', 1, all)).toBeNull();
  });
});

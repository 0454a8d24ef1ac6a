// Which keys mean what, wherever on the page they are pressed.

import { isForInputMethod } from './enter-key';

export type Shortcut =
  { action: 'switch' | 'help' | 'edit' | 'timeline' | 'write' } | { action: 'move'; step: 1 | -1; unreadOnly: boolean };

export type Keys = Pick<
  KeyboardEvent,
  'key' | 'keyCode' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey' | 'isComposing'
>;

/** Whether a key goes into a text. The document's editor is in a shadow tree, which the path shows and the target hides. */
export function isWriting(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable);
}

/** `isWriting`: the focus is in a field, where letters are text. */
export function shortcutOf(keys: Keys, isWriting: boolean): Shortcut | null {
  if (isForInputMethod(keys)) return null;
  const command = keys.ctrlKey || keys.metaKey;
  if (command && !keys.altKey && !keys.shiftKey && keys.key.toLowerCase() === 'k') return { action: 'switch' };
  if (keys.altKey && !command && (keys.key === 'ArrowUp' || keys.key === 'ArrowDown')) {
    return { action: 'move', step: keys.key === 'ArrowUp' ? -1 : 1, unreadOnly: keys.shiftKey };
  }
  if (keys.key === 'Escape') return { action: 'write' };
  if (isWriting || command || keys.altKey) return null;
  switch (keys.key) {
    case '?':
      return { action: 'help' };
    case 'e':
    case 'E':
      return { action: 'edit' };
    case 'f':
    case 'F':
      return { action: 'timeline' };
    default:
      return null;
  }
}

/** The neighbour in a list that goes round; null when there is none. */
export function neighbour<T>(
  list: readonly T[],
  current: T | null,
  step: 1 | -1,
  wanted: (item: T) => boolean,
): T | null {
  const start = current === null ? (step === 1 ? -1 : 0) : list.indexOf(current);
  for (let distance = 1; distance <= list.length; distance += 1) {
    const item = list[(start + step * distance + list.length * 2) % list.length];
    if (item !== undefined && item !== current && wanted(item)) return item;
  }
  return null;
}

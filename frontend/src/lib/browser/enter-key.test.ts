import { describe, expect, it } from 'vitest';

import { type EnterKeys, isForInputMethod, isSendKey } from './enter-key';

const key = (keys: Partial<EnterKeys>): EnterKeys => ({
  key: 'Enter',
  keyCode: 13,
  isComposing: false,
  shiftKey: false,
  altKey: false,
  ctrlKey: false,
  ...keys,
});

describe('Enter', () => {
  it('sends, and with Shift or Alt does not', () => {
    expect(isSendKey(key({}))).toBe(true);
    expect(isSendKey(key({ ctrlKey: true }))).toBe(true);
    expect(isSendKey(key({ shiftKey: true }))).toBe(false);
    expect(isSendKey(key({ altKey: true }))).toBe(false);
    expect(isSendKey(key({ key: 'a', keyCode: 65 }))).toBe(false);
  });

  it('that confirms a candidate of an input method sends nothing', () => {
    // Chromium and Firefox: within the composition. Safari: after it, with the code 229.
    for (const keys of [{ isComposing: true }, { isComposing: true, keyCode: 229 }, { keyCode: 229 }]) {
      expect(isForInputMethod(key(keys))).toBe(true);
      expect(isSendKey(key(keys))).toBe(false);
    }
  });
});

// Enter that means "send", and Enter that belongs to an input method.

export type EnterKeys = Pick<KeyboardEvent, 'key' | 'keyCode' | 'isComposing' | 'shiftKey' | 'altKey' | 'ctrlKey'>;

/**
 * Whether a key goes to an input method, for example for Chinese or Japanese: it chooses or confirms a candidate, and must do
 * nothing else. Safari ends the composition before the key that confirms it, and marks that key by the code 229 alone.
 */
export function isForInputMethod(event: Pick<KeyboardEvent, 'keyCode' | 'isComposing'>): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Whether a key sends or saves what is in a field. */
export function isSendKey(event: EnterKeys): boolean {
  return event.key === 'Enter' && !event.shiftKey && !event.altKey && !isForInputMethod(event);
}

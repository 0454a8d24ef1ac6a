// A text field that is as high as its text. (`field-sizing: content` does this where a browser knows it.)

import { tick } from 'svelte';
import type { Attachment } from 'svelte/attachments';

/** Follows `text`, whoever changes it. */
export function growing(text: () => string): Attachment<HTMLTextAreaElement> {
  if (CSS.supports('field-sizing', 'content')) {
    return (field) => field.style.setProperty('field-sizing', 'content');
  }
  return (field) => {
    void text();
    void tick().then(() => {
      field.style.height = 'auto';
      field.style.height = `${field.scrollHeight}px`;
    });
  };
}

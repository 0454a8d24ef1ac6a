// What the server's HTML needs so that everybody can use it: it comes as text, and knows nothing of the screen.

import type { Attachment } from 'svelte/attachments';

/**
 * Lets each block run in the direction of its text (what is within a block, the style sheet does), lets the keyboard reach what scrolls sideways, and gives the boxes of task
 * lists a name.
 */
export const usable: Attachment<HTMLElement> = (prose) => {
  for (const block of prose.children) block.setAttribute('dir', 'auto');
  for (const box of prose.querySelectorAll<HTMLInputElement>('input[type="checkbox"]')) {
    box.ariaLabel = box.checked ? 'done' : 'to do';
  }
  const wide = prose.querySelectorAll<HTMLElement>('pre, table');
  if (wide.length === 0) return;
  const observer = new ResizeObserver(() => {
    for (const block of wide) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute('tabindex');
    }
  });
  observer.observe(prose);
  return () => observer.disconnect();
};

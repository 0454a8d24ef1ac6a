// What the server's HTML needs so that everybody can use it: it comes as text, and knows nothing of the screen.

import type { Attachment } from 'svelte/attachments';

import { isForPrograms } from '../../lib/browser/route';

/**
 * Lets each block run in the direction of its text (what is within a block, the style sheet does), lets the keyboard reach what scrolls sideways, and gives the boxes of task
 * lists a name.
 */
export const usable: Attachment<HTMLElement> = (prose) => {
  for (const link of prose.querySelectorAll('a[href]')) leadsWell(link as HTMLAnchorElement);
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

/** A link to this server opens in this page; one to what is for programs, which is JSON, leads nowhere. */
function leadsWell(link: HTMLAnchorElement): void {
  if (link.origin !== location.origin) return;
  if (isForPrograms(new URL(link.href))) link.removeAttribute('href');
  else if (link.pathname !== '/api/docs') link.removeAttribute('target');
}

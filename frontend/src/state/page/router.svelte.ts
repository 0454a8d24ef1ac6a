// The address bar and the page, kept in step.

import { type Route, parseRoute } from '../../lib/browser/route';
import { historyDepth } from './layers';

class Router {
  #href = location.href;
  route = $state.raw<Route>(parseRoute(new URL(location.href)));

  constructor() {
    window.addEventListener('popstate', () => this.#read());
  }

  /** Goes to an address of this page. */
  go(path: string, { replace = false } = {}): void {
    // The entry of a dialog or of the drawer gives its place to the address that was chosen there.
    if (replace || historyDepth() > 0) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.#read();
  }

  #read(): void {
    // Dialogs come and go in the history without another address.
    if (location.href === this.#href) return;
    this.#href = location.href;
    this.route = parseRoute(new URL(location.href));
  }
}

export const router = new Router();

/** Follows a link within the page, unless it is meant for another tab or for the browser. */
export function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.('a');
  if (!link || link.target || link.origin !== location.origin || link.hasAttribute('download')) return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  router.go(link.pathname + link.search);
}

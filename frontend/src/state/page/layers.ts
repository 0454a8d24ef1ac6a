// What covers the page: a dialog, the drawer. The browser's back button closes the topmost first, as on a phone everything does.
//
// Each layer has an entry in the browser's history. Going back leaves the entry, and closes the layer; a layer that is closed in
// another way takes its entry with it.

const stack: (() => void)[] = [];

/** How many layers the current entry of the history stands for. */
export function historyDepth(): number {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null && 'layers' in state ? Number(state.layers) : 0;
}

/** Call when the person went back or forward: closes the layers that the entry does not stand for. */
function moved(): void {
  while (stack.length > historyDepth()) stack.pop()?.();
}

/** Goes back over the entries of layers that are closed. */
function settle(): void {
  const extra = historyDepth() - stack.length;
  if (extra > 0) history.go(-extra);
}

export const layers = {
  /** A layer was opened; `close` closes it. */
  opened(close: () => void): void {
    stack.push(close);
    if (historyDepth() < stack.length) history.pushState({ layers: stack.length }, '');
  },

  /** The layer was closed by something else than the back button; `close` is the function it was opened with. */
  closed(close: () => void): void {
    const index = stack.lastIndexOf(close);
    if (index < 0) return;
    stack.splice(index, 1);
    // What closed it may go on to another address, which then takes the entry's place.
    setTimeout(settle);
  },
};

window.addEventListener('popstate', moved);

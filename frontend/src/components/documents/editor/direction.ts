// Lets each line run in the direction of its text: Hebrew and Arabic from right to left, whatever stands in the line above.

import type { Extension } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

const line = Decoration.line({ attributes: { dir: 'auto' } });

/** The lines in view; the others are not in the page. */
function decorate(view: EditorView): DecorationSet {
  const starts = new Set<number>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const { from: start, to: end } = view.state.doc.lineAt(at);
      starts.add(start);
      at = end + 1;
    }
  }
  return Decoration.set([...starts].map((start) => line.range(start)));
}

export const lineDirections: Extension = [
  EditorView.perLineTextDirection.of(true),
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = decorate(view);
      }

      update(update: ViewUpdate): void {
        if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  ),
];

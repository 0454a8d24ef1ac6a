// Shows the others' cursors, and sends this person's. Positions are Yjs's: they stay at their place in the text while it
// changes around them, so that typing alone sends no cursor.

import { type Extension, type Range, RangeSet, StateEffect } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import type { PresentPerson } from '../../../lib/realtime/realtime';
import { PERSON_COLOURS } from './theme';

/** The others' cursors have moved. */
const moved = StateEffect.define<null>();

interface Cursor {
  anchor: number;
  head: number;
}

export function cursors(
  text: Y.Text,
  awareness: Awareness,
  personOf: (page: number) => PresentPerson | null,
): Extension {
  class Cursors {
    decorations: DecorationSet = decorate();

    constructor(private readonly view: EditorView) {
      awareness.on('change', this.#changed);
    }

    /** Yjs has taken what changed already: its plugin stands before this one. */
    update(update: ViewUpdate): void {
      if ((update.selectionSet || update.docChanged || update.focusChanged) && update.view.hasFocus) tell(update.view);
      const isMoved = update.transactions.some((transaction) => transaction.effects.some((effect) => effect.is(moved)));
      if (isMoved || update.docChanged) this.decorations = decorate();
    }

    destroy(): void {
      awareness.off('change', this.#changed);
    }

    readonly #changed = (_: unknown, origin: unknown): void => {
      if (origin !== 'local') this.view.dispatch({ effects: moved.of(null) });
    };
  }

  function tell(view: EditorView): void {
    const { anchor, head } = view.state.selection.main;
    const cursor = { anchor: position(anchor), head: position(head) };
    const known: unknown = awareness.getLocalState()?.cursor;
    if (JSON.stringify(known) !== JSON.stringify(cursor)) awareness.setLocalStateField('cursor', cursor);
  }

  function position(index: number): unknown {
    return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
  }

  function decorate(): DecorationSet {
    const ranges: Range<Decoration>[] = [];
    for (const [page, state] of awareness.getStates()) {
      const person = personOf(page);
      const cursor = page === awareness.clientID ? null : cursorOf(state);
      if (cursor === null || person === null) continue;
      const [from, to] = [Math.min(cursor.anchor, cursor.head), Math.max(cursor.anchor, cursor.head)];
      const colour = `person-${person.id % PERSON_COLOURS.length}`;
      if (from < to) ranges.push(Decoration.mark({ class: `remote-selection ${colour}` }).range(from, to));
      const side = cursor.head > cursor.anchor ? -1 : 1;
      ranges.push(
        Decoration.widget({ widget: new CursorWidget(person.name, colour, JSON.stringify(state.cursor)), side }).range(
          cursor.head,
        ),
      );
    }
    return RangeSet.of(ranges, true);
  }

  /** Null for what another page made up. */
  function cursorOf(state: Record<string, unknown>): Cursor | null {
    const { cursor } = state as { cursor?: { anchor?: object; head?: object } | null };
    if (!cursor?.anchor || !cursor.head) return null;
    try {
      const [anchor, head] = [cursor.anchor, cursor.head].map((position) =>
        Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), text.doc as Y.Doc),
      );
      if (anchor?.type !== text || head?.type !== text) return null;
      return { anchor: anchor.index, head: head.index };
    } catch {
      return null;
    }
  }

  return ViewPlugin.fromClass(Cursors, { decorations: (plugin) => plugin.decorations });
}

class CursorWidget extends WidgetType {
  constructor(
    readonly name: string,
    readonly colour: string,
    /** Another one when the person went elsewhere: then their name is shown anew for a while. */
    readonly place: string,
  ) {
    super();
  }

  override eq(other: CursorWidget): boolean {
    return other.name === this.name && other.colour === this.colour && other.place === this.place;
  }

  /** Not for screen readers: who is there stands above the text. The name is no text, for it must not be copied with it. */
  override toDOM(): HTMLElement {
    const cursor = document.createElement('span');
    cursor.className = `remote-cursor ${this.colour}`;
    cursor.ariaHidden = 'true';
    const name = cursor.appendChild(document.createElement('span'));
    name.className = 'remote-name';
    name.dataset.name = this.name;
    return cursor;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

// CodeMirror around a document's text.

import { defaultKeymap } from '@codemirror/commands';
import { markdownKeymap, markdownLanguage, pasteURLAsLink } from '@codemirror/lang-markdown';
import { syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import { UndoManager } from 'yjs';

import type { DocumentState } from '../../../state/documents/document.svelte';
import { cursors } from './cursors';
import { lineDirections } from './direction';
import { highlighting, theme } from './theme';

export interface Editor {
  setEditable(isEditable: boolean): void;
  focus(): void;
  destroy(): void;
}

/**
 * Makes an editor within an element. It lives in a shadow tree, for there CodeMirror sets its styles as style sheets;
 * beside the page's elements it would write them into it, which the Content-Security-Policy forbids.
 */
export function makeEditor(host: HTMLElement, document: DocumentState, isEditable: boolean): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open', delegatesFocus: true });
  const {
    text,
    cursors: { awareness },
  } = document.session;
  const editable = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        // Lines end as they do in Yjs, so that both count alike, whatever somebody pastes.
        EditorState.lineSeparator.of('\n'),
        EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/g, '\n')),
        EditorState.tabSize.of(4),
        EditorView.lineWrapping,
        lineDirections,
        EditorView.contentAttributes.of({ 'aria-label': `Text of ${document.facts.title}`, spellcheck: 'true' }),
        placeholder(
          'Write here. All members of the room can edit this document at the same time. Markdown is supported.',
        ),
        // Tab is left to the browser: it is how one gets out of here without a mouse.
        keymap.of([...yUndoManagerKeymap, ...markdownKeymap, ...defaultKeymap]),
        // Without the languages that may stand in code blocks, which are larger than all the rest.
        markdownLanguage,
        pasteURLAsLink,
        syntaxHighlighting(highlighting),
        theme,
        // What others write is theirs to undo: only changes from this editor are remembered.
        yCollab(text, null, { undoManager: new UndoManager(text) }),
        cursors(text, awareness, (page) => document.personOf(page)),
        editable.of(whether(isEditable)),
      ],
    }),
  });
  return {
    setEditable: (isEditable) => view.dispatch({ effects: editable.reconfigure(whether(isEditable)) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** A read-only text can still be reached by keyboard, to be read and copied. */
function whether(isEditable: boolean): Extension {
  return [
    EditorState.readOnly.of(!isEditable),
    EditorView.editable.of(isEditable),
    isEditable ? [] : EditorView.contentAttributes.of({ tabindex: '0', 'aria-readonly': 'true' }),
  ];
}

// How a document looks, with the colours of styles/tokens.css.

import { HighlightStyle } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** Each person has one of these, by their number: the ground of their name and the colour of their cursor. */
export const PERSON_COLOURS = [
  'light-dark(#0c6653, #62cdb1)',
  'light-dark(#8a2c6f, #f0a3d6)',
  'light-dark(#1f4fa8, #9dbcff)',
  'light-dark(#8a4b00, #f2b766)',
  'light-dark(#a12c1a, #ff9a86)',
  'light-dark(#5b3fa6, #c3adff)',
  'light-dark(#3f6212, #b3d977)',
  'light-dark(#0e6377, #7fd0e6)',
];

const personStyles = Object.fromEntries(
  PERSON_COLOURS.flatMap((colour, index) => [[`.person-${index}`, { '--person': colour }]]),
);

export const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    overflow: 'auto',
    overscrollBehavior: 'contain',
    font: '400 1rem/1.6 var(--font)',
    outline: 'none',
  },
  '.cm-content': {
    boxSizing: 'border-box',
    maxWidth: '48rem',
    margin: '0 auto',
    padding: '1.75rem var(--gutter) 40vh',
    caretColor: 'var(--ink)',
  },
  '.cm-content:focus-visible': { outline: 'none' },
  '.cm-line': { padding: '0' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  ...personStyles,
  '.remote-selection': { backgroundColor: 'color-mix(in srgb, var(--person) 24%, transparent)' },
  '.remote-cursor': {
    position: 'relative',
    borderLeft: '2px solid var(--person)',
    marginLeft: '-1px',
    marginRight: '-1px',
  },
  '.remote-name': {
    position: 'absolute',
    zIndex: '1',
    bottom: '100%',
    left: '-2px',
    padding: '0 0.375rem',
    borderRadius: '0.25rem 0.25rem 0.25rem 0',
    backgroundColor: 'var(--person)',
    color: 'light-dark(#ffffff, #15191a)',
    font: '600 0.6875rem/1.125rem var(--font)',
    whiteSpace: 'nowrap',
    userSelect: 'none',
    pointerEvents: 'none',
    // It stands on the line above: nobody wants to read around it for long.
    animation: 'remote-name 4s step-end forwards',
  },
  '@keyframes remote-name': { to: { opacity: '0' } },
  '.remote-cursor:hover .remote-name': { animation: 'none' },
  '.remote-name::after': { content: 'attr(data-name)' },
  // At the beginning of the text there is no room above.
  '.cm-line:first-child .remote-name': { bottom: 'auto', top: '100%', borderRadius: '0 0.25rem 0.25rem 0.25rem' },
});

export const highlighting = HighlightStyle.define([
  { tag: tags.heading1, fontSize: '1.5rem', fontWeight: '700', lineHeight: '1.35' },
  { tag: tags.heading2, fontSize: '1.25rem', fontWeight: '700' },
  { tag: [tags.heading3, tags.heading4, tags.heading5, tags.heading6], fontSize: '1.0625rem', fontWeight: '700' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: [tags.link, tags.url], color: 'var(--accent)' },
  { tag: tags.monospace, fontFamily: 'var(--mono)', fontSize: '0.9em', backgroundColor: 'var(--code)' },
  { tag: tags.quote, color: 'var(--ink-soft)', fontStyle: 'italic' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], color: 'var(--ink-soft)' },
]);

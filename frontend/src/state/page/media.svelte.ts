// What kind of screen this is, as far as behaviour depends on it; looks are the style sheets' business.

import { MediaQuery } from 'svelte/reactivity';

/** Room for the list of people beside the messages. */
export const isWide = new MediaQuery('min-width: 68rem', true);
/** The rooms are in a drawer. */
export const isNarrow = new MediaQuery('max-width: 47.99rem', false);
/** Fingers: Enter breaks the line, and no field takes the focus (and brings up the keyboard) by itself. */
export const isTouch = new MediaQuery('pointer: coarse', false);

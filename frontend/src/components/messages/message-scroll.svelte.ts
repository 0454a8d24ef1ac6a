// Where the list of messages stands: at the end while it is at the end, else where the reader is, whatever is added
// above or below.

import type { RoomState } from '../../state/rooms/room.svelte';

/** This near to the end counts as the end. */
const END_PX = 64;
/** More messages are loaded this long before their place comes into view. */
const AHEAD_PX = 800;

export class MessageScroll {
  /** Whether the last message that is loaded is in view. */
  isAtEnd = $state(true);
  /** Where the "new" line is; null when there is none among the rows. */
  line = $state<'above' | 'in view' | 'below' | null>(null);
  /** The number of the last message in view; 0 without one. */
  lastInView = $state(0);

  #list: HTMLElement | null = null;
  /** Whether the list keeps to the end: it is there, and the end is the room's newest message. */
  #sticks = true;
  /** The topmost row in view, and how far it is from the top. */
  #anchor: { row: HTMLElement; offset: number } | null = null;
  #loadsFailedUntil = 0;

  constructor(
    private readonly room: () => RoomState,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Watches the list's element and what is in it for changes of size. */
  attach = (list: HTMLElement): (() => void) => {
    this.#list = list;
    const observer = new ResizeObserver(() => this.#keepPlace());
    observer.observe(list);
    if (list.firstElementChild) observer.observe(list.firstElementChild);
    return () => {
      observer.disconnect();
      this.#list = null;
    };
  };

  scrolled = (): void => {
    this.#look();
    this.#loadMore();
  };

  /** Call before the rows change. */
  remember(): void {
    if (this.#list === null || this.#sticks) return;
    const top = this.#list.getBoundingClientRect().top;
    for (const row of this.#list.querySelectorAll<HTMLElement>('[data-key]')) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top) {
        this.#anchor = { row, offset: box.top - top };
        return;
      }
    }
    this.#anchor = null;
  }

  /** Call after the rows have changed. */
  restore(): void {
    this.#keepPlace();
    this.#anchor = null;
    this.#look();
    this.#loadMore();
  }

  toEnd(): void {
    if (this.#list === null) return;
    this.#sticks = true;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#look();
  }

  /** Brings a row into view, a third down the list; the list then stays there. */
  toRow(row: HTMLElement): void {
    if (this.#list === null) return;
    this.#sticks = false;
    const offset = row.getBoundingClientRect().top - this.#list.getBoundingClientRect().top;
    this.#list.scrollTop += offset - this.#list.clientHeight / 3;
    this.#look();
  }

  #keepPlace(): void {
    const list = this.#list;
    if (list === null) return;
    if (this.#sticks) {
      list.scrollTop = list.scrollHeight;
    } else if (this.#anchor?.row.isConnected) {
      const offset = this.#anchor.row.getBoundingClientRect().top - list.getBoundingClientRect().top;
      list.scrollTop += offset - this.#anchor.offset;
    }
  }

  #look(): void {
    if (this.#list === null) return;
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    this.#sticks = this.isAtEnd && this.room().messages?.atEnd !== false;
    this.#lookForNew(this.#list);
  }

  #lookForNew(list: HTMLElement): void {
    const { top, bottom } = list.getBoundingClientRect();
    const line = list.querySelector('.new')?.getBoundingClientRect();
    if (line === undefined) this.line = null;
    else if (line.bottom <= top) this.line = 'above';
    else this.line = line.top >= bottom ? 'below' : 'in view';
    const rows = list.querySelectorAll<HTMLElement>('[data-number]');
    let [first, end] = [0, rows.length];
    while (first < end) {
      const middle = (first + end) >> 1;
      if ((rows[middle]?.getBoundingClientRect().top ?? Infinity) < bottom) first = middle + 1;
      else end = middle;
    }
    this.lastInView = Number(rows[first - 1]?.dataset.number ?? 0);
  }

  #loadMore(): void {
    const list = this.#list;
    const { messages, isLoading } = this.room();
    if (list === null || messages === null || isLoading || Date.now() < this.#loadsFailedUntil) return;
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    if (messages.hasOlder && list.scrollTop < AHEAD_PX) this.#load(this.room().loadOlder());
    else if (!messages.atEnd && below < AHEAD_PX) this.#load(this.room().loadNewer());
  }

  #load(loading: Promise<void>): void {
    loading.catch((error: unknown) => {
      // Scrolling on asks again, but not with every pixel.
      this.#loadsFailedUntil = Date.now() + 3_000;
      this.failed(error);
    });
  }
}

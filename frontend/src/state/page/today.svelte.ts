// Which day it is, for words like "Today": they change at midnight on a page that stays open.

import { startOfDay } from '../../lib/browser/format';

/** A timer sleeps when the machine does, and clocks are set: the day is looked at this often at the least. */
const LOOK_MS = 30_000;

class Today {
  #start = $state(startOfDay(Date.now()));

  constructor() {
    this.#wait();
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** The midnight with which this day began. Reading it in a component renders that part again when the day ends. */
  get start(): number {
    return this.#start;
  }

  #wait(): void {
    const now = Date.now();
    setTimeout(
      () => {
        this.#look();
        this.#wait();
      },
      Math.min(startOfDay(now, 1) - now, LOOK_MS),
    );
  }

  #look(): void {
    this.#start = startOfDay(Date.now());
  }
}

export const today = new Today();

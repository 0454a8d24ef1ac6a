// Who is typing in a room, as far as this page has heard.

import { SvelteMap } from 'svelte/reactivity';

import { TYPING_EXPIRES_MS } from '../../lib/rooms/typing';

export class TypingUsers {
  /** By user id, the timer after which they no longer count as typing. */
  #timers = new SvelteMap<number, ReturnType<typeof setTimeout>>();

  has(userId: number): boolean {
    return this.#timers.has(userId);
  }

  set(userId: number, isTyping: boolean): void {
    clearTimeout(this.#timers.get(userId));
    this.#timers.delete(userId);
    if (!isTyping) return;
    this.#timers.set(
      userId,
      setTimeout(() => this.#timers.delete(userId), TYPING_EXPIRES_MS),
    );
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

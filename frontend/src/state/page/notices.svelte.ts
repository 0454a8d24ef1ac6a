// A sentence at the foot of the page that goes by itself: something was done, or could not be.

const SHOWN_MS = 6_000;

class Notices {
  text = $state<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string): void {
    clearTimeout(this.#timer);
    this.text = text;
    this.#timer = setTimeout(() => (this.text = null), SHOWN_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.text = null;
  }
}

export const notices = new Notices();

// Who is typing: what the page says of itself, and how long it believes others.

/** Says "typing" at most this often; below the socket's limit of ten client events a second by far. */
export const TYPING_EVERY_MS = 3_000;
/** Without word for this long, a person is no longer typing: their page may be gone. */
export const TYPING_EXPIRES_MS = 5_000;

/** Turns key strokes into a few words on the wire. */
export class TypingSender {
  #saidAt = -Infinity;

  constructor(
    private readonly say: (isTyping: boolean) => void,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Call on every change of the text. */
  changed(text: string): void {
    if (text.trim() === '') {
      this.stopped();
    } else if (this.clock() - this.#saidAt >= TYPING_EVERY_MS) {
      this.#saidAt = this.clock();
      this.say(true);
    }
  }

  /** The message was sent, or given up. */
  stopped(): void {
    if (this.#saidAt === -Infinity) return;
    this.#saidAt = -Infinity;
    this.say(false);
  }
}

/** `Ada is typing`, `Ada and Grace are typing`, `Several people are typing`. */
export function typingSentence(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return '';
  if (second === undefined) return `${first} is typing`;
  return names.length === 2 ? `${first} and ${second} are typing` : 'Several people are typing';
}

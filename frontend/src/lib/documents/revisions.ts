// The place of this page in a document's saves. Deletions leave no trace in a state vector; so it is by the number of
// a save that a page knows whether it has everything the server has.

import { backoffMs } from '../backoff';

/** Events may overtake each other by less than this, give or take. */
const PATIENCE_MS = 400;

export class Revisions {
  /** This page has everything that the saves up to here changed. */
  #known = 0;
  /** Saves beyond, of which it has what they changed. */
  #ahead = new Set<number>();
  #head = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFetching = false;
  #isWanted = false;
  #failures = 0;
  #isStarted = false;
  #isClosed = false;

  /** @param fetch reads what this page lacks from the server; answers with the revision that it then has. */
  constructor(
    private readonly fetch: () => Promise<number>,
    private readonly random: () => number = Math.random,
  ) {}

  get known(): number {
    return this.#known;
  }

  /** This page has been given everything up to a revision. */
  start(revision: number): void {
    this.#isStarted = true;
    this.#arrived(revision);
    this.#advance();
  }

  /** This page has what one save changed. */
  have(revision: number): void {
    if (revision > this.#known) this.#ahead.add(revision);
    this.reached(revision);
  }

  /** The server has come to a revision. */
  reached(revision: number): void {
    this.#head = Math.max(this.#head, revision);
    this.#advance();
  }

  /** Reads what is missing at once; the page was away. */
  async catchUp(): Promise<void> {
    this.#stopTimer();
    if (this.#isFetching) {
      this.#isWanted = true;
      return;
    }
    this.#isFetching = true;
    try {
      await this.#fetchAll();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
      this.#isWanted = true;
    }
    this.#isFetching = false;
    if (this.#isWanted) this.#later();
    else this.#advance();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
  }

  async #fetchAll(): Promise<void> {
    do {
      this.#isWanted = false;
      // What the server answers counts, also when it is less than before: it may have been restored from a backup.
      this.#head = 0;
      this.#arrived(await this.fetch());
    } while (this.#isWanted && !this.#isClosed);
  }

  #arrived(revision: number): void {
    this.#known = revision;
    for (const ahead of this.#ahead) if (ahead <= revision) this.#ahead.delete(ahead);
  }

  #advance(): void {
    while (this.#ahead.delete(this.#known + 1)) this.#known += 1;
    if (this.#head <= this.#known) this.#stopTimer();
    else this.#later();
  }

  #later(): void {
    if (this.#timer !== undefined || this.#isFetching || this.#isClosed || !this.#isStarted) return;
    const backoff = this.#failures === 0 ? PATIENCE_MS : backoffMs(this.#failures);
    this.#timer = setTimeout(() => void this.catchUp(), backoff * (1 + this.random()));
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

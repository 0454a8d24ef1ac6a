// Events of a channel may get lost. The pages in a document tell each other what they have, and who sees that another
// lacks something sends it.

import { type Vector, common, lacks, withUpdate } from './vector';

/** Every page says what it has this often while something is going on, give or take a third. */
const LOOK_MS = 6_000;
/** The same when nothing has changed for a while. */
const QUIET_LOOK_MS = 30_000;
const QUIET_AFTER_MS = 30_000;
/** Before asking: what is missing may be under way. */
const ASK_AFTER_MS = 100;
/** Nobody among the others answered within this: the server may have it. */
const ANSWER_PATIENCE_MS = 2_500;
/** Before answering, for each page that could answer as well: one does, and the others see it. */
const ANSWER_SPREAD_MS = 40;
const ANSWER_SPREAD_MAX_MS = 1_200;

/** What repairing goes by. */
export interface RepairSource {
  /** What this page has. */
  vector(): Vector;
  /** Whether something came that cannot be applied before something else comes. */
  isWaitingForMore(): boolean;
  /** How many others are in the document. */
  others(): number;
}

/**
 * `send-vector`: tell the others what this page has. `send-missing`: tell them what a page with this vector lacks.
 * `fetch`: ask the server for what this page lacks.
 */
export type RepairEvent = { type: 'send-vector' } | { type: 'send-missing'; vector: Vector } | { type: 'fetch' };

export class Repair {
  #isRunning = false;
  #changedAt = 0;
  /** What the others had, at the least, when they last said so; null when they lack nothing. */
  #lacking: Vector | null = null;
  /** What others have and this page lacks. */
  #wanted: Vector = new Map();
  #look: ReturnType<typeof setTimeout> | undefined;
  #answer: ReturnType<typeof setTimeout> | undefined;
  #ask: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: RepairSource,
    private readonly on: (event: RepairEvent) => void,
    private readonly random: () => number = Math.random,
  ) {}

  /** The channel is joined. */
  start(): void {
    this.stop();
    this.#isRunning = true;
    this.#changedAt = Date.now();
    this.on({ type: 'send-vector' });
    this.#lookLater();
  }

  stop(): void {
    this.#isRunning = false;
    for (const timer of [this.#look, this.#answer, this.#ask]) clearTimeout(timer);
    this.#look = this.#answer = this.#ask = undefined;
    this.#lacking = null;
    this.#wanted = new Map();
  }

  /** Somebody typed, here or elsewhere. */
  changed(): void {
    const wasQuiet = this.#isQuiet();
    this.#changedAt = Date.now();
    if (wasQuiet && this.#isRunning) this.#lookLater();
  }

  /** Takes word of what another page has. */
  heard(vector: Vector): void {
    if (!this.#isRunning) return;
    const own = this.source.vector();
    if (lacks(vector, own)) {
      this.#lacking = this.#lacking === null ? vector : common(this.#lacking, vector);
      const spread = Math.min(ANSWER_SPREAD_MAX_MS, ANSWER_SPREAD_MS * this.source.others());
      this.#answer ??= setTimeout(() => this.#answerNow(), this.random() * spread);
    }
    if (lacks(own, vector)) {
      this.#wanted = vector;
      this.ask();
    }
  }

  /** Takes note of an update that all the others received as well: it may be the answer that this page meant to give. */
  received(update: Uint8Array): void {
    this.changed();
    if (this.#lacking !== null) {
      this.#lacking = withUpdate(this.#lacking, update);
      if (!lacks(this.#lacking, this.source.vector())) this.#answered();
    }
    if (this.source.isWaitingForMore()) this.ask();
  }

  /** This page lacks something: asks the others, and when none of them answers the server. */
  ask(): void {
    if (!this.#isRunning || this.#ask !== undefined) return;
    const askOthers = (): void => {
      if (!this.#isLacking()) return this.#asked();
      this.on({ type: 'send-vector' });
      this.#ask = setTimeout(() => {
        if (this.#isLacking()) this.on({ type: 'fetch' });
        this.#asked();
      }, ANSWER_PATIENCE_MS);
    };
    this.#ask = setTimeout(askOthers, ASK_AFTER_MS * (1 + this.random()));
  }

  #isLacking(): boolean {
    return this.source.isWaitingForMore() || lacks(this.source.vector(), this.#wanted);
  }

  #asked(): void {
    this.#ask = undefined;
    this.#wanted = new Map();
  }

  #answerNow(): void {
    if (this.#lacking !== null) this.on({ type: 'send-missing', vector: this.#lacking });
    this.#answered();
  }

  #answered(): void {
    clearTimeout(this.#answer);
    this.#answer = undefined;
    this.#lacking = null;
  }

  #isQuiet(): boolean {
    return Date.now() - this.#changedAt > QUIET_AFTER_MS;
  }

  #lookLater(): void {
    clearTimeout(this.#look);
    const interval = this.#isQuiet() ? QUIET_LOOK_MS : LOOK_MS;
    const jittered = interval * (2 / 3 + (this.random() * 2) / 3);
    this.#look = setTimeout(() => {
      this.on({ type: 'send-vector' });
      this.#lookLater();
    }, jittered);
  }
}

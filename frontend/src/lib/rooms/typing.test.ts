import { describe, expect, it } from 'vitest';

import { TYPING_EVERY_MS, TypingSender, typingSentence } from './typing';

describe('typing', () => {
  function sender() {
    const said: boolean[] = [];
    let time = 0;
    const typing = new TypingSender(
      (isTyping) => said.push(isTyping),
      () => time,
    );
    return { typing, said, pass: (ms: number) => (time += ms) };
  }

  it('is said once however fast the keys are', () => {
    const { typing, said, pass } = sender();
    for (let key = 0; key < 50; key += 1, pass(20)) typing.changed('x'.repeat(key + 1));
    expect(said).toEqual([true]);
  });

  it('is said again while it goes on, before others stop believing it', () => {
    const { typing, said, pass } = sender();
    typing.changed('a');
    pass(TYPING_EVERY_MS);
    typing.changed('ab');
    expect(said).toEqual([true, true]);
  });

  it('is taken back when the text is empty or sent, and only then', () => {
    const { typing, said } = sender();
    typing.stopped();
    typing.changed('a');
    typing.changed('');
    typing.stopped();
    expect(said).toEqual([true, false]);
  });

  it('is put into words', () => {
    expect(typingSentence([])).toBe('');
    expect(typingSentence(['Ada'])).toBe('Ada is typing');
    expect(typingSentence(['Ada', 'Grace'])).toBe('Ada and Grace are typing');
    expect(typingSentence(['Ada', 'Grace', 'Linus'])).toBe('Several people are typing');
  });
});

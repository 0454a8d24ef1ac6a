import { expect, test } from 'vitest';

import { findEmoji, loadEmoji } from './emoji';

const texts = (found: { text: string }[]): string[] => found.map(({ text }) => text);

test('emoji are in groups, without the parts that they are composed of', async () => {
  const groups = await loadEmoji();
  expect(groups.map((group) => group.name)).toContain('Food and drink');
  expect(groups.every((group) => group.emoji.length > 50)).toBe(true);
  expect(texts(groups.flatMap((group) => group.emoji))).not.toContain('🏽');
});

test('an emoji is found by its name, by other words for it, and by itself', async () => {
  const groups = await loadEmoji();
  expect(texts(findEmoji(groups, 'thumbs up'))).toContain('👍️');
  expect(texts(findEmoji(groups, 'PART pop'))).toContain('🎉');
  expect(texts(findEmoji(groups, 'celebr'))).toContain('🎉');
  expect(texts(findEmoji(groups, '🎉'))).toEqual(['🎉']);
  expect(findEmoji(groups, 'no such thing')).toEqual([]);
});

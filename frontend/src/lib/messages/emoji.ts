// The emoji that there are, with what they are called (npm emojibase-data, MIT licence). Loaded when somebody looks for one.

import type { CompactEmoji } from 'emojibase';

export interface Emoji {
  text: string;
  name: string;
  /** Other words that people look for. */
  tags: readonly string[];
}

export interface EmojiGroup {
  name: string;
  emoji: Emoji[];
}

/** The groups of Unicode by their number; the parts that emoji are composed of (2) are no reactions. */
const GROUPS: Record<number, string> = {
  0: 'Faces',
  1: 'People',
  3: 'Animals and nature',
  4: 'Food and drink',
  5: 'Travel and places',
  6: 'Activities',
  7: 'Objects',
  8: 'Symbols',
  9: 'Flags',
};

export async function loadEmoji(): Promise<EmojiGroup[]> {
  const { default: all } = await import('emojibase-data/en/compact.json');
  return grouped(all as CompactEmoji[]);
}

export function grouped(all: readonly CompactEmoji[]): EmojiGroup[] {
  const inOrder = all.filter((emoji) => emoji.order !== undefined).sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
  return Object.entries(GROUPS).map(([group, name]) => ({
    name,
    emoji: inOrder
      .filter((emoji) => emoji.group === Number(group))
      .map(({ unicode, label, tags }) => ({ text: unicode, name: label, tags: tags ?? [] })),
  }));
}

/** The emoji whose name or tags have words that begin with all of the query's words. */
export function findEmoji(groups: readonly EmojiGroup[], query: string): Emoji[] {
  const wanted = wordsOf(query);
  const matches = ({ text, name, tags }: Emoji): boolean => {
    const words = wordsOf(`${name} ${tags.join(' ')}`);
    return text === query.trim() || wanted.every((part) => words.some((word) => word.startsWith(part)));
  };
  return groups.flatMap((group) => group.emoji).filter(matches);
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s:,_-]+/)
    .filter((word) => word !== '');
}

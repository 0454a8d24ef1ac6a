import { expect, test } from 'vitest';

import { excerptOf } from './excerpt';

test('it is one line without elements', () => {
  expect(
    excerptOf('<p><strong>Deploy</strong> at <code>noon</code><br>\nor later</p>\n<ul><li>a</li><li>b</li></ul>'),
  ).toBe('Deploy at noon or later a b');
});

test('what looks like an element in the text stays', () => {
  expect(excerptOf('<p>a &lt;b&gt; &amp;amp; c</p>')).toBe('a <b> &amp; c');
});

test('it ends between words and says that something follows', () => {
  expect(excerptOf(`<p>${'word '.repeat(100)}</p>`)).toBe(`${'word '.repeat(28).trim()}…`);
  expect([...excerptOf(`<p>${'é'.repeat(200)}</p>`)]).toHaveLength(141);
  expect(excerptOf(`<p>${'x'.repeat(140)}</p>`)).toBe('x'.repeat(140));
});

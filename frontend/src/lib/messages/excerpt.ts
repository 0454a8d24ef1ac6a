// The beginning of a message as plain text, from the HTML that the server made of it.

/** The same length as the server's. */
const EXCERPT_CHARS = 140;

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'" };

/** One line of at most 140 characters, with "…" when something follows. */
export function excerptOf(html: string): string {
  const text = html
    .replace(/<(?:\/?(?:p|li|ul|ol|blockquote|pre|table|tr|td|th|h[1-6]|div)|br)\b[^>]*>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => ENTITIES[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim();
  const chars = [...text];
  if (chars.length <= EXCERPT_CHARS) return text;
  const beginning = chars.slice(0, EXCERPT_CHARS + 1).join('');
  const end = beginning.lastIndexOf(' ');
  return `${end > 0 ? beginning.slice(0, end) : chars.slice(0, EXCERPT_CHARS).join('')}…`;
}

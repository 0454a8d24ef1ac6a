// Times and durations as people read them. The locale is the browser's.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayShort = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayWithYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });

/** `14:45`. */
export function timeOfDay(time: number): string {
  return clock.format(time);
}

/** `2:45`: the same without "am" or "pm", where there is no room for them. */
export function shortTime(time: number): string {
  const parts = clock.formatToParts(time).filter((part) => part.type !== 'dayPeriod');
  return parts
    .map((part) => part.value)
    .join('')
    .trim();
}

/** The whole date and time, for a tooltip. */
export function fullTime(time: number): string {
  return fullDate.format(time);
}

/** `Today`, `Yesterday`, `Tuesday, 24 November`, or with the year when it is another one. */
export function dayName(time: number, now: number = Date.now()): string {
  const day = startOfDay(time);
  if (day === startOfDay(now)) return 'Today';
  if (day === startOfDay(now, -1)) return 'Yesterday';
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayOfYear : dayWithYear).format(time);
}

/** `14:45` today, else `24 Nov`: for a list, where there is little room. */
export function whenShort(time: number, now: number = Date.now()): string {
  return startOfDay(time) === startOfDay(now) ? timeOfDay(time) : dayShort.format(time);
}

/** The midnight with which the day of `time` begins here, or that of the day `later` days after it. */
export function startOfDay(time: number, later = 0): number {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + later).getTime();
}

/** `85 µs`, `0.61 ms`, `12.3 ms`, `1.4 s`: three figures at most, for a duration in milliseconds. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 0.0005) return '0';
  if (size < 0.1) return `${Math.round(ms * 1_000)} µs`;
  if (size < 10) return `${ms.toFixed(2)} ms`;
  if (size < 100) return `${ms.toFixed(1)} ms`;
  if (size < 1_000) return `${Math.round(ms)} ms`;
  return `${(ms / 1_000).toFixed(size < 10_000 ? 1 : 0)} s`;
}

/** `1 message`, `2 messages`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Two letters that stand for a person while there is no picture. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : '';
  return (first + last).toUpperCase();
}

// What a side has of a document, and whether an update holds more. Values; no network.

import * as Y from 'yjs';

/** How far a side has come with what each editing page typed (Yjs calls it a state vector). Says nothing of deletions. */
export type Vector = ReadonlyMap<number, number>;

/** Whether `other` has something that `vector` has not. */
export function lacks(vector: Vector, other: Vector): boolean {
  return [...other].some(([page, clock]) => clock > (vector.get(page) ?? 0));
}

/** What both have. */
export function common(a: Vector, b: Vector): Vector {
  return new Map([...a].map(([page, clock]) => [page, Math.min(clock, b.get(page) ?? 0)]));
}

/** What a side has that got this update. An update that begins beyond a hole brings nothing yet. */
export function withUpdate(vector: Vector, update: Uint8Array): Vector {
  const { from, to } = Y.parseUpdateMeta(update);
  const raised = new Map(vector);
  for (const [page, end] of to) {
    const known = vector.get(page) ?? 0;
    if ((from.get(page) ?? 0) <= known) raised.set(page, Math.max(known, end));
  }
  return raised;
}

interface Range {
  clock: number;
  len: number;
}

/** What an update deletes, by the page that typed it. */
type Deletions = ReadonlyMap<number, readonly Range[]>;

export function deletionsOf(update: Uint8Array): Deletions {
  return Y.decodeUpdate(update).ds.clients;
}

/** Whether a side that has come to `vector`, and was given `known`, has all of `update`. */
export function isCovered(update: Uint8Array, vector: Vector, known: Deletions): boolean {
  if (lacks(vector, Y.parseUpdateMeta(update).to)) return false;
  for (const [page, ranges] of deletionsOf(update)) {
    const within = known.get(page) ?? [];
    if (!ranges.every((range) => isWithin(range, within))) return false;
  }
  return true;
}

/** Deletions of one update are sorted, and neighbours are one range. */
function isWithin(range: Range, ranges: readonly Range[]): boolean {
  const end = range.clock + range.len;
  return ranges.some((known) => known.clock <= range.clock && end <= known.clock + known.len);
}

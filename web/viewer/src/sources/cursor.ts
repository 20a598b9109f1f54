/** The stream's cursor: the pair of ledger and result sequence numbers, written `<ledger>.<result>`. */

export type Cursor = readonly [number, number];

export const START: Cursor = [0, 0];

/** Pair of numbers, or null for a text that is no cursor. */
export function parseCursor(text: string): Cursor | null {
  const match = /^(\d+)\.(\d+)$/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2])] : null;
}

export function formatCursor(cursor: Cursor): string {
  return `${cursor[0]}.${cursor[1]}`;
}

/** Whether `id` has something that `seen` has not. */
export function isAhead(id: Cursor, seen: Cursor): boolean {
  return id[0] > seen[0] || id[1] > seen[1];
}

/** The furthest of both numbers. */
export function furthest(a: Cursor, b: Cursor): Cursor {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
}

/** Order, filter and window of long tables; no elements here. */

export interface Sorting {
  readonly column: string;
  readonly down: boolean;
}

export interface Sortable<T> {
  readonly id: string;
  text(row: T): string;
  sort?(row: T): number | string | null;
}

/** Rows that hold every word of the filter in one of their cells. */
export function filtered<T>(rows: readonly T[], columns: readonly Sortable<T>[], filter: string): readonly T[] {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns.map((column) => column.text(row)).join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function compare(a: number | string | null, b: number | string | null): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'zh-CN', { numeric: true });
}

/** Sorted without changing the order of equals; rows without a value come last, whatever the direction. */
export function sorted<T>(rows: readonly T[], columns: readonly Sortable<T>[], sorting: Sorting | null): readonly T[] {
  const column = columns.find((one) => one.id === sorting?.column);
  if (!column || !sorting) return rows;
  const keyed = rows.map((row) => ({ row, key: column.sort ? column.sort(row) : column.text(row) }));
  const sign = sorting.down ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return sign * compare(a.key, b.key);
  });
  return keyed.map(({ row }) => row);
}

/** Click on a heading: up, then down, then as it came. */
export function nextSorting(now: Sorting | null, column: string): Sorting | null {
  if (now?.column !== column) return { column, down: false };
  return now.down ? null : { column, down: true };
}

export interface RowWindow {
  readonly from: number;
  readonly to: number;
}

const SPARE_ROWS = 12;

/** Rows that must stand in the page so that a scrolled box looks filled. */
export function windowOf(count: number, row_px: number, top_px: number, height_px: number): RowWindow {
  if (row_px <= 0) return { from: 0, to: Math.min(count, SPARE_ROWS) };
  const first = Math.floor(top_px / row_px);
  const last = Math.ceil((top_px + height_px) / row_px);
  const from = Math.max(0, Math.min(first - SPARE_ROWS, count - 1));
  return { from, to: Math.max(from, Math.min(count, last + SPARE_ROWS)) };
}

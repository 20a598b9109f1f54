/** A table for many rows: sorted by its headings, filtered, moved through with the keyboard, drawn only where seen. */

import { computed, effect, onStop, signal, type Readable } from '../stores/signal';
import { each, h, type Child } from '../ui/dom';
import { t } from './i18n';
import { filtered, nextSorting, sorted, windowOf, type Sorting } from './rows';
import { count } from './words';

export interface Column<T> {
  readonly id: string;
  title(): string;
  /** Share of the width; about the number of letters it needs. */
  readonly width: number;
  readonly numeric?: boolean;
  /** What is shown, what the filter looks at, and what is sorted by without `sort`. */
  text(row: T): string;
  sort?(row: T): number | string | null;
  cell?(row: Readable<T>): Child;
  /** Longer words for whoever points at the cell. */
  tip?(row: T): string;
}

export interface TableOptions<T> {
  readonly label: () => string;
  readonly columns: readonly Column<T>[];
  readonly rows: () => readonly T[];
  key(row: T): string;
  readonly empty: () => string;
  open?(row: T): void;
  readonly chosen?: () => string | null;
  /** Class of a row. */
  tone?(row: T): string;
  readonly filter?: boolean;
  readonly first?: Sorting;
  /** Stands beside the filter. */
  readonly tools?: Child;
  /** Called when the end of the rows is seen. */
  readonly more?: () => void;
}

let tables = 0;
const DEFAULT_ROW_PX = 27;
const PAGE_ROWS = 12;

export function table<T>(options: TableOptions<T>): HTMLElement {
  tables += 1;
  const id = `table-${tables}`;
  const filter = signal('');
  const sorting = signal<Sorting | null>(options.first ?? null);
  const active = signal<string | null>(null);
  const shown = computed(() => sorted(filtered(options.rows(), options.columns, filter.get()), options.columns, sorting.get()));
  const box = scroller(options, id, shown, active, sorting);
  const head = h('div', { class: 'table-tools', hidden: options.filter !== true && options.tools === undefined },
    options.filter === true ? h('input', {
      type: 'search', class: 'filter', placeholder: () => t('table.filter'), 'aria-label': () => t('table.filter.label', { name: options.label() }),
      oninput: (event: Event) => filter.set((event.target as HTMLInputElement).value),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key !== 'ArrowDown') return;
        event.preventDefault();
        box.focus();
      },
    }) : null,
    options.tools ?? null,
    h('span', { class: 'table-count', role: 'status' }, () => {
      const [some, all] = [shown.get().length, options.rows().length];
      return some === all ? t('table.rows', { n: count(all) }) : t('table.some', { n: count(some), all: count(all) });
    }));
  return h('div', { class: 'table' }, head, box,
    h('p', { class: 'empty', hidden: () => shown.get().length > 0 }, () => (options.rows().length > 0 ? t('table.nothing') : options.empty())));
}

function scroller<T>(
  options: TableOptions<T>, id: string, shown: Readable<readonly T[]>, active: { get(): string | null; peek(): string | null; set(key: string): void },
  sorting: { get(): Sorting | null; update(change: (now: Sorting | null) => Sorting | null): void },
): HTMLElement {
  const view = signal({ top: 0, height: 600, row: DEFAULT_ROW_PX }, (a, b) => a.top === b.top && a.height === b.height && a.row === b.row);
  const visible = computed(() => {
    const { top, height, row } = view.get();
    return windowOf(shown.get().length, row, top, height);
  }, (a, b) => a.from === b.from && a.to === b.to);
  const body = h('tbody', {});
  const rowId = (key: string): string => `${id}-${key}`;
  each(body, () => shown.get().slice(visible.get().from, visible.get().to), (row) => options.key(row), (item, key) => h('tr', {
    id: rowId(key), role: 'row',
    class: () => `${options.tone?.(item.get()) ?? ''} ${active.get() === key ? 'is-active' : ''} ${options.chosen?.() === key ? 'is-chosen' : ''}`,
    'aria-selected': options.chosen ? () => String(options.chosen?.() === key) : null,
    onclick: () => {
      active.set(key);
      options.open?.(item.peek());
    },
  }, ...options.columns.map((column) => cell(column, item))));
  const pad = (height: () => number): HTMLElement => h('tbody', { class: 'pad', 'aria-hidden': 'true' },
    h('tr', { style: () => `height:${height()}px`, hidden: () => height() <= 0 }, h('td', { colspan: options.columns.length })));
  const total = options.columns.reduce((sum, column) => sum + column.width, 0);
  const grid = h('table', { class: 'grid', role: 'grid', 'aria-label': options.label, 'aria-rowcount': () => shown.get().length + 1, style: `min-width:${total * 0.62}rem` },
    h('colgroup', {}, ...options.columns.map((column) => h('col', { style: `width:${((column.width / total) * 100).toFixed(2)}%` }))),
    h('thead', {}, h('tr', { role: 'row' }, ...options.columns.map((column) => heading(column, sorting)))),
    pad(() => visible.get().from * view.get().row), body, pad(() => (shown.get().length - visible.get().to) * view.get().row));
  const measure = (): void => {
    const height = body.firstElementChild?.getBoundingClientRect().height ?? 0;
    view.set({ top: box.scrollTop, height: box.clientHeight, row: height > 0 ? height : view.peek().row });
    if (options.more && box.scrollHeight - box.scrollTop - box.clientHeight < 300) options.more();
  };
  const box = h('div', {
    class: () => `table-box ${options.open ? 'opens' : ''}`, tabindex: 0, 'aria-activedescendant': () => (active.get() === null ? null : rowId(active.get() ?? '')),
    hidden: () => shown.get().length === 0,
    onscroll: () => measure(),
    onkeydown: (event: KeyboardEvent) => move(event, options, shown.peek(), active, (at) => reveal(box, at, view.peek().row)),
  }, grid);
  const watcher = new ResizeObserver(measure);
  watcher.observe(box);
  effect(() => {
    shown.get();
    queueMicrotask(measure);
  });
  onStop(() => watcher.disconnect());
  return box;
}

function cell<T>(column: Column<T>, item: Readable<T>): HTMLElement {
  return h('td', { role: 'gridcell', class: column.numeric ? 'num' : '', title: () => column.tip?.(item.get()) ?? column.text(item.get()) },
    column.cell ? column.cell(item) : () => column.text(item.get()));
}

function heading<T>(column: Column<T>, sorting: { get(): Sorting | null; update(change: (now: Sorting | null) => Sorting | null): void }): HTMLElement {
  const direction = (): 'up' | 'down' | 'none' => {
    const now = sorting.get();
    if (now?.column !== column.id) return 'none';
    return now.down ? 'down' : 'up';
  };
  return h('th', {
    scope: 'col', role: 'columnheader', class: column.numeric ? 'num' : '',
    'aria-sort': () => ({ up: 'ascending', down: 'descending', none: 'none' })[direction()],
  }, h('button', { type: 'button', class: 'sort', title: column.title, onclick: () => sorting.update((now) => nextSorting(now, column.id)) },
    h('span', {}, column.title), h('i', { 'aria-hidden': 'true' }, () => ({ up: '▲', down: '▼', none: '' })[direction()])));
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS, Home: -Infinity, End: Infinity,
};

function move<T>(
  event: KeyboardEvent, options: TableOptions<T>, rows: readonly T[], active: { peek(): string | null; set(key: string): void },
  show: (at: number) => void,
): void {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  const now = rows.findIndex((row) => options.key(row) === active.peek());
  const by = STEPS[event.key];
  if (by !== undefined) {
    event.preventDefault();
    const at = Math.max(0, Math.min(rows.length - 1, now < 0 ? (by > 0 ? Math.min(by - 1, rows.length - 1) : 0) : now + by));
    const row = rows[at];
    if (row === undefined) return;
    active.set(options.key(row));
    show(at);
  } else if ((event.key === 'Enter' || event.key === ' ') && now >= 0) {
    event.preventDefault();
    const row = rows[now];
    if (row !== undefined) options.open?.(row);
  }
}

function reveal(box: HTMLElement, at: number, row_px: number): void {
  const head = box.querySelector('thead')?.getBoundingClientRect().height ?? 0;
  const top = at * row_px;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + row_px + head > box.scrollTop + box.clientHeight) box.scrollTop = top + row_px + head - box.clientHeight;
}

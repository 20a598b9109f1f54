/** Values as a file: which series, how fine, in which form. The server makes the file; here is its address. */

import { withQuery } from '../../sources/http';
import { computed, signal } from '../../stores/signal';
import { each, h } from '../../ui/dom';
import type { SceneSeries } from '../../wire';
import type { Desk } from '../context';
import { choice, type Choice } from '../form';
import { t } from '../i18n';
import { originChip, panel, placeName, seriesName } from '../parts';
import { count, moment } from '../words';
import type { PeriodOf } from './statistics';

const MOST = 64;
const FORMATS = ['csv', 'xlsx', 'parquet', 'netcdf'] as const;
const STEPS = ['raw', 'minute', 'hour', 'day', 'month'] as const;
const UNITS = ['display', 'si'] as const;

export function download(desk: Desk, period: PeriodOf): HTMLElement {
  const format = signal('csv');
  const step = signal('hour');
  const units = signal('display');
  const filter = signal('');
  const chosen = signal<ReadonlySet<string>>(new Set());
  const name = (row: SceneSeries): string => `${seriesName(desk, row.key)} · ${placeName(desk, row.sensor)}`;
  const rows = computed((): readonly SceneSeries[] => {
    const words = filter.get().toLowerCase().split(/\s+/).filter((word) => word !== '');
    return [...desk.names.get().series.values()].filter((row) => words.every((word) => `${row.key} ${name(row)}`.toLowerCase().includes(word)));
  });
  const toggle = (key: string): void => chosen.update((now) => {
    const next = new Set(now);
    if (!next.delete(key) && next.size < MOST) next.add(key);
    return next;
  });
  const list = h('ul', { class: 'rows picks' });
  each(list, () => rows.get(), (row) => row.key, (item, key) => h('li', {}, h('label', { class: 'check' },
    h('input', { type: 'checkbox', checked: () => chosen.get().has(key), onchange: () => toggle(key) }), h('span', {}, () => name(item.get())), originChip(() => item.get().origin))));
  const address = (): string | null => (chosen.get().size === 0 ? null : withQuery('/api/v1/export', {
    series: [...chosen.get()].join(','), from: period().from_ms, to: period().to_ms, format: format.get(), step: step.get(), units: units.get(),
  }));
  const choices = (ids: readonly string[], start: string) => (): readonly Choice[] => ids.map((id) => ({ value: id, text: () => t(`${start}.${id}` as 'export.format.csv') }));
  return panel(() => t('statistics.tab.download'), [
    h('p', { class: 'muted' }, () => t('export.about', { from: moment(period().from_ms, desk.offset_h()), to: moment(period().to_ms, desk.offset_h()) })),
    h('div', { class: 'fields' },
      choice(() => t('export.format'), format, choices(FORMATS, 'export.format')), choice(() => t('stat.step'), step, choices(STEPS, 'export.step')),
      choice(() => t('export.units'), units, choices(UNITS, 'export.units')),
      h('a', { class: () => `text-button act ${address() === null ? 'is-off' : ''}`, href: address, download: '', 'aria-disabled': () => String(address() === null) }, () => t('export.go')),
      h('button', { type: 'button', class: 'text-button', onclick: () => chosen.set(new Set()) }, () => t('export.clear')),
      h('span', { class: 'muted', role: 'status' }, () => t('export.chosen', { n: count(chosen.get().size), most: MOST }))),
    h('div', { class: 'table-tools' },
      h('input', { type: 'search', class: 'filter', placeholder: () => t('table.filter'), 'aria-label': () => t('table.filter.label', { name: t('stat.series') }),
        oninput: (event: Event) => filter.set((event.target as HTMLInputElement).value) }),
      h('button', { type: 'button', class: 'text-button', onclick: () => chosen.set(new Set(rows.peek().slice(0, MOST).map((row) => row.key))) }, () => t('export.all'))),
    list,
  ], { className: 'grow scroll spaced' });
}

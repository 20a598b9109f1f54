/** Rates of transmission and validity, each beside the line at 95 %. */

import { language } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { effect, signal, untracked, type Readable } from '../../stores/signal';
import { h } from '../../ui/dom';
import type { Desk } from '../context';
import { choice, type Choice } from '../form';
import { t } from '../i18n';
import { chip, emptyWords, freshnessOf, originChip, panel, placeName, trouble } from '../parts';
import { resource } from '../resource';
import { table, type Column } from '../table';
import type { Ninety, RateRow, Rates } from '../wire';
import { count, moment, number } from '../words';
import type { PeriodOf } from './statistics';

const EVERY_MS = 120_000;
const GOAL_PCT = 95;
const BYS = ['point', 'station', 'region', 'park'] as const;

const pct = (value: number | null): string => (value === null ? '—' : `${number(value, 1)} %`);

/** A bar with the line at 95 %; the number stands beside it. */
export function rateBar(name: () => string, value: () => number | null): HTMLElement {
  const tone = (): string => {
    const now = value();
    return now === null ? 'idle' : now >= GOAL_PCT ? 'good' : now >= 75 ? 'warn' : 'bad';
  };
  return h('span', { class: 'rate' },
    h('span', { class: () => `bar tone-${tone()}`, role: 'img', 'aria-label': () => t('rates.bar', { name: name(), value: pct(value()) }) },
      h('i', { style: () => `width:${Math.max(0, Math.min(100, value() ?? 0))}%` }), h('b', { style: `left:${GOAL_PCT}%` })),
    h('span', { class: 'rate-number' }, () => pct(value())));
}

function rateColumn(id: string, title: () => string, read: (row: RateRow) => number | null): Column<RateRow> {
  return {
    id, title, width: 19, text: (row) => pct(read(row)), sort: read, cell: (row: Readable<RateRow>) => rateBar(title, () => read(row.get())),
  };
}

function columns(desk: Desk): readonly Column<RateRow>[] {
  // The scene knows its places in both languages; the answer knows only one.
  const placed = (row: RateRow): string => (desk.names.get().places.has(row.id) ? placeName(desk, row.id) : language() === 'zh' ? row.name : '');
  const name = (row: RateRow): string => [row.id, placed(row) === row.id ? '' : placed(row), row.points > 1 ? `(${count(row.points)})` : ''].filter((word) => word !== '').join(' ');
  const hours = (value: number): string => t('rates.hours', { n: number(value, 1) });
  return [
    { id: 'id', title: () => t('rates.id'), width: 17, text: name, tip: (row) => `${row.station} ${row.region}` },
    { id: 'origin', title: () => t('origin.head'), width: 10, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    {
      id: 'meets', title: () => t('rates.meets'), width: 10, text: (row) => t(row.meets_95 === null ? 'rates.meets.none' : row.meets_95 ? 'rates.meets.yes' : 'rates.meets.no'),
      cell: (row) => chip(() => (row.get().meets_95 === null ? 'idle' : row.get().meets_95 ? 'good' : 'bad'),
        () => t(row.get().meets_95 === null ? 'rates.meets.none' : row.get().meets_95 ? 'rates.meets.yes' : 'rates.meets.no')),
    },
    rateColumn('effective', () => t('rates.effective'), (row) => row.effective_pct),
    rateColumn('transmission', () => t('rates.transmission'), (row) => row.transmission_pct),
    rateColumn('valid', () => t('rates.valid'), (row) => row.valid_pct),
    rateColumn('online', () => t('rates.online'), (row) => row.online_pct),
    rateColumn('completeness', () => t('rates.completeness'), (row) => row.completeness_pct),
    { id: 'expected', title: () => t('rates.expected'), width: 9, numeric: true, text: (row) => hours(row.expected_h), sort: (row) => row.expected_h },
    { id: 'received', title: () => t('rates.received'), width: 9, numeric: true, text: (row) => hours(row.received_h), sort: (row) => row.received_h },
    { id: 'stopped', title: () => t('rates.stopped'), width: 9, numeric: true, text: (row) => hours(row.stopped_h), sort: (row) => row.stopped_h },
  ];
}

export function ratesView(desk: Desk, period: PeriodOf): HTMLElement {
  const by = signal(untracked(() => desk.param('by')) || 'point');
  effect(() => {
    const value = by.get();
    untracked(() => desk.setParams({ by: value === 'point' ? '' : value }));
  });
  const rates = resource((abort) => desk.http.get<Rates>(withQuery('/api/v1/rates', { from: period().from_ms, to: period().to_ms, by: by.get() }), abort), EVERY_MS);
  const choices = (): readonly Choice[] => BYS.map((id) => ({ value: id, text: () => t(`rates.by.${id}`) }));
  return panel(() => t('statistics.tab.rates'), [
    trouble(rates),
    table<RateRow>({
      label: () => t('statistics.tab.rates'), columns: columns(desk), rows: () => rates.get().data?.rows ?? [], key: (row) => `${row.id} ${row.origin}`, filter: true,
      empty: emptyWords(rates, () => t('rates.none')), first: { column: 'effective', down: false }, tools: choice(() => t('rates.by'), by, choices),
      tone: (row) => (row.meets_95 === false ? 'is-bad' : ''),
    }),
  ], { className: 'grow', tools: freshnessOf(desk, rates) });
}

export function ninetyDays(desk: Desk): HTMLElement {
  const found = resource((abort) => desk.http.get<Ninety>('/api/v1/rates/ninety', abort), EVERY_MS);
  type Row = Ninety['rows'][number];
  const rows: readonly Column<Row>[] = [
    { id: 'id', title: () => t('rates.id'), width: 16, text: (row) => `${row.id} ${placeName(desk, row.id) === row.id ? '' : placeName(desk, row.id)}`.trim() },
    { id: 'origin', title: () => t('origin.head'), width: 10, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    {
      id: 'breach', title: () => t('gaps.state'), width: 12, text: (row) => t(row.breach ? 'ninety.breach' : 'ninety.ok'),
      cell: (row) => chip(() => (row.get().breach ? 'bad' : 'good'), () => t(row.get().breach ? 'ninety.breach' : 'ninety.ok')),
    },
    { id: 'effective', title: () => t('rates.effective'), width: 22, text: (row) => pct(row.effective_pct), sort: (row) => row.effective_pct, cell: (row) => rateBar(() => t('rates.effective'), () => row.get().effective_pct) },
    { id: 'from', title: () => t('ninety.from'), width: 20, text: (row) => moment(row.from_ms, desk.offset_h()), sort: (row) => row.from_ms },
    { id: 'to', title: () => t('ninety.to'), width: 20, text: (row) => moment(row.to_ms, desk.offset_h()), sort: (row) => row.to_ms },
  ];
  return panel(() => t('statistics.tab.ninety'), [
    trouble(found), h('p', { class: 'hint' }, () => t('ninety.about')),
    table<Row>({
      label: () => t('statistics.tab.ninety'), columns: rows, rows: () => found.get().data?.rows ?? [], key: (row) => row.id, filter: true,
      empty: emptyWords(found, () => t('rates.none')), first: { column: 'effective', down: false }, tone: (row) => (row.breach ? 'is-bad' : ''),
    }),
  ], { className: 'grow', tools: freshnessOf(desk, found) });
}

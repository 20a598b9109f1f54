/** Two searches over means: what went over a limit, and what did not move. */

import { withQuery } from '../../sources/http';
import { signal } from '../../stores/signal';
import { h } from '../../ui/dom';
import { splitKey } from '../../wire';
import type { Desk } from '../context';
import { choice, type Choice } from '../form';
import { t } from '../i18n';
import { emptyWords, freshnessOf, originChip, panel, placeName, seriesName, trouble } from '../parts';
import { resource } from '../resource';
import { table, type Column } from '../table';
import type { Found, FoundRow } from '../wire';
import { moment, value } from '../words';
import type { PeriodOf } from './statistics';

const EVERY_MS = 120_000;

type Read = (row: FoundRow) => number | null;

function columns(desk: Desk, step: () => string, numbers: readonly (readonly [string, () => string, Read])[]): readonly Column<FoundRow>[] {
  return [
    { id: 'key', title: () => t('stat.series'), width: 28, text: (row) => seriesName(desk, row.key), tip: (row) => row.key },
    { id: 'origin', title: () => t('origin.head'), width: 10, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    { id: 'region', title: () => t('found.region'), width: 14, text: (row) => placeName(desk, row.region) || '—' },
    { id: 'start', title: () => t('found.start'), width: 22, text: (row) => moment(row.start_ms, desk.offset_h()), sort: (row) => row.start_ms },
    { id: 'length', title: () => t('found.length'), width: 12, numeric: true, text: (row) => t(step() === 'day' ? 'found.steps.day' : 'found.steps.hour', { n: row.length }), sort: (row) => row.length },
    ...numbers.map(([id, title, read]) => ({ id, title, width: 15, numeric: true, text: (row: FoundRow) => value(read(row), splitKey(row.key).quantity), sort: read })),
  ];
}

function search(desk: Desk, period: PeriodOf, path: string, title: () => string, none: () => string, numbers: readonly (readonly [string, () => string, Read])[]): HTMLElement {
  const step = signal('hour');
  const found = resource((abort) => desk.http.get<Found>(withQuery(path, { from: period().from_ms, to: period().to_ms, step: step.get() }), abort), EVERY_MS);
  const steps = (): readonly Choice[] => (['hour', 'day'] as const).map((one) => ({ value: one, text: () => t(`stat.step.${one}`) }));
  return panel(title, [
    trouble(found), h('p', { class: 'hint warn', hidden: () => found.get().data?.truncated !== true }, () => t('found.truncated')),
    table<FoundRow>({
      label: title, columns: columns(desk, () => step.get(), numbers), rows: () => found.get().data?.rows ?? [], key: (row) => `${row.key} ${row.start_ms}`, filter: true,
      empty: emptyWords(found, none), tools: choice(() => t('stat.step'), step, steps),
    }),
  ], { className: 'grow', tools: freshnessOf(desk, found) });
}

export function overLimit(desk: Desk, period: PeriodOf): HTMLElement {
  return search(desk, period, '/api/v1/search/overlimit', () => t('statistics.tab.over'), () => t('found.over.none'), [
    ['worst', () => t('found.worst'), (row) => row.value ?? null], ['limit', () => t('found.limit'), (row) => row.limit ?? null],
  ]);
}

export function fixedValues(desk: Desk, period: PeriodOf): HTMLElement {
  return search(desk, period, '/api/v1/search/fixed', () => t('statistics.tab.fixed'), () => t('found.fixed.none'), [
    ['value', () => t('found.value'), (row) => row.value ?? null],
  ]);
}

/** What should have come and did not: a line of time for each series, and what is done about it. */

import { withQuery } from '../../sources/http';
import { h } from '../../ui/dom';
import type { Desk } from '../context';
import { t, tMaybe } from '../i18n';
import { chip, emptyWords, figure, freshnessOf, originChip, panel, seriesName, trouble, type Tone } from '../parts';
import { resource } from '../resource';
import { table, type Column } from '../table';
import type { Gaps, GapSeries } from '../wire';
import { ago, clock, count, moment, number, span } from '../words';
import type { PeriodOf } from './statistics';
import { rateBar } from './statistics_rates';

const EVERY_MS = 300_000;
const LIST_EVERY_MS = 10_000;
const STATE_TONES: Readonly<Record<string, Tone>> = { open: 'warn', asked: 'info', filled: 'good', given_up: 'bad' };

type Row = GapSeries['rows'][number];
type Gap = Gaps['gaps'][number];

/** Left edge and width in percent of each missing span on a line of time. */
export function missingShares(missing: Row['missing'], from_ms: number, to_ms: number): readonly { readonly left: number; readonly width: number }[] {
  const whole = Math.max(1, to_ms - from_ms);
  return missing.map((one) => {
    const left = Math.max(0, (one.from_ms - from_ms) / whole) * 100;
    return { left, width: Math.max(0.3, Math.min(100, ((one.to_ms - from_ms) / whole) * 100) - left) };
  });
}

function timeline(row: () => Row, span_: () => GapSeries | null): HTMLElement {
  const line = h('span', { class: 'timeline-bar' });
  const draw = (): string => {
    const whole = span_();
    if (!whole) return '';
    // Stripes of one background: a hundred elements a row would make the table slow.
    const parts = missingShares(row().missing, whole.from_ms, whole.to_ms).flatMap(({ left, width }) => [
      `transparent ${left.toFixed(2)}%`, `var(--l3) ${left.toFixed(2)}%`, `var(--l3) ${(left + width).toFixed(2)}%`, `transparent ${(left + width).toFixed(2)}%`,
    ]);
    return parts.length === 0 ? '' : `background-image:linear-gradient(90deg, ${parts.join(', ')})`;
  };
  line.append(h('i', { style: draw }));
  return line;
}

function seriesColumns(desk: Desk, whole: () => GapSeries | null): readonly Column<Row>[] {
  return [
    { id: 'key', title: () => t('stat.series'), width: 26, text: (row) => seriesName(desk, row.key), tip: (row) => row.key },
    { id: 'collected', title: () => t('gaps.collected'), width: 18, text: (row) => (row.collected_pct === null ? '—' : `${number(row.collected_pct, 1)} %`), sort: (row) => row.collected_pct, cell: (row) => rateBar(() => t('gaps.collected'), () => row.get().collected_pct) },
    {
      id: 'missing', title: () => t('gaps.timeline'), width: 40, sort: (row) => row.expected - row.received,
      text: (row) => row.missing.map((one) => `${clock(one.from_ms, desk.now_ms.get(), desk.offset_h())} (${span(one.to_ms - one.from_ms)})`).join('; ') || '—',
      cell: (row) => timeline(() => row.get(), whole),
    },
    { id: 'expected', title: () => t('gaps.expected'), width: 9, numeric: true, text: (row) => count(row.expected), sort: (row) => row.expected },
    { id: 'received', title: () => t('gaps.received'), width: 9, numeric: true, text: (row) => count(row.received), sort: (row) => row.received },
    { id: 'late', title: () => t('gaps.late'), width: 8, numeric: true, text: (row) => count(row.late), sort: (row) => row.late },
    { id: 'origin', title: () => t('origin.head'), width: 11, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
  ];
}

function gapColumns(desk: Desk): readonly Column<Gap>[] {
  const stateName = (state: string): string => tMaybe(`gaps.state.${state}`, state);
  return [
    { id: 'sensor', title: () => t('devices.sensor'), width: 13, text: (row) => row.sensor, tip: (row) => row.mn },
    { id: 'state', title: () => t('gaps.state'), width: 11, text: (row) => stateName(row.state), cell: (row) => chip(() => STATE_TONES[row.get().state] ?? 'idle', () => stateName(row.get().state)) },
    { id: 'from', title: () => t('gaps.from'), width: 16, text: (row) => clock(row.from_ms, desk.now_ms.get(), desk.offset_h()), sort: (row) => row.from_ms, tip: (row) => moment(row.from_ms, desk.offset_h()) },
    { id: 'length', title: () => t('gaps.length'), width: 12, numeric: true, text: (row) => span(row.to_ms - row.from_ms), sort: (row) => row.to_ms - row.from_ms },
    { id: 'cn', title: () => t('gaps.command'), width: 14, text: (row) => `${row.cn} ${tMaybe(`cn.${row.cn}`, '')}`.trim() },
    { id: 'tries', title: () => t('gaps.tries'), width: 8, numeric: true, text: (row) => count(row.tries), sort: (row) => row.tries },
    { id: 'next', title: () => t('gaps.next'), width: 13, text: (row) => (row.next_ms === null ? '—' : ago(row.next_ms, desk.now_ms.get())), sort: (row) => row.next_ms },
    { id: 'note', title: () => t('gaps.note'), width: 24, text: (row) => row.note || '—' },
    { id: 'origin', title: () => t('origin.head'), width: 11, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
  ];
}

export function gapView(desk: Desk, period: PeriodOf): HTMLElement {
  const bySeries = resource((abort) => desk.http.get<GapSeries>(withQuery('/api/v1/gaps/series', { from: period().from_ms, to: period().to_ms }), abort), EVERY_MS);
  const gaps = resource((abort) => desk.http.get<Gaps>(withQuery('/api/v1/gaps', { state: 'all', from: period().from_ms, to: period().to_ms, limit: 500 }), abort), LIST_EVERY_MS);
  const whole = (): GapSeries | null => bySeries.get().data;
  const total = (read: (row: GapSeries['total']) => number | null, decimals = 0) => (): string => {
    const value = whole() === null ? null : read((whole() as GapSeries).total);
    return value === null ? '—' : number(value, decimals);
  };
  const note = (): string => (bySeries.get().at_ms === null ? '' : ago(bySeries.get().at_ms, desk.now_ms.get() - desk.http.offset_ms));
  return h('div', { class: 'stack' },
    h('div', { class: 'figures fit' },
      figure(() => `${t('gaps.total')} · ${t('gaps.collected')}`, total((row) => row.collected_pct, 2), { unit: () => '%', note, tone: () => (whole()?.total.meets_95 === false ? 'bad' : '') }),
      figure(() => t('gaps.expected'), total((row) => row.expected), { unit: () => t('unit.values'), note }),
      figure(() => t('gaps.received'), total((row) => row.received), { unit: () => t('unit.values'), note }),
      figure(() => t('gaps.late'), total((row) => row.late), { unit: () => t('unit.values'), note })),
    panel(() => t('gaps.series'), [
      trouble(bySeries),
      table<Row>({
        label: () => t('gaps.series'), columns: seriesColumns(desk, whole), rows: () => whole()?.rows ?? [], key: (row) => row.key, filter: true,
        empty: emptyWords(bySeries, () => t('rates.none')), first: { column: 'missing', down: true },
      }),
    ], { className: 'grow-3', tools: freshnessOf(desk, bySeries) }),
    panel(() => t('gaps.list'), [
      trouble(gaps),
      table<Gap>({
        label: () => t('gaps.list'), columns: gapColumns(desk), rows: () => gaps.get().data?.gaps ?? [], key: (row) => `${row.mn} ${row.cn} ${row.from_ms}`,
        empty: emptyWords(gaps, () => t('gaps.none')),
        open: (row) => (row.exchange_seq === null ? undefined : desk.go('commands', { seq: String(row.exchange_seq) })),
      }),
    ], { tools: freshnessOf(desk, gaps) }));
}

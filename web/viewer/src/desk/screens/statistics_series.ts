/** Hours, days and months of one series, and whether each counts. */

import { language } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { computed, effect, signal, untracked } from '../../stores/signal';
import { h, swap } from '../../ui/dom';
import { clockDate, clockTime, displayUnit, fromSi, unitLabel } from '../../units';
import { splitKey } from '../../wire';
import type { Desk } from '../context';
import { choice, type Choice } from '../form';
import { t, tMaybe } from '../i18n';
import { chip, emptyWords, freshnessOf, originChip, panel, seriesName, trouble } from '../parts';
import { plot } from '../plot';
import { resource } from '../resource';
import { table, type Column } from '../table';
import type { Statistics } from '../wire';
import { markName, value } from '../words';
import type { PeriodOf } from './statistics';

const EVERY_MS = 120_000;
const STEPS = ['hour', 'day', 'month'] as const;
const STEP_MS: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000, month: 30 * 86_400_000 };
/** Reasons that say nothing against the values. */
const NOT_YET = ['running', 'no_data'];

interface Row {
  readonly t: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n_valid: number;
  readonly n_expected: number;
  readonly valid: boolean;
  readonly reason: string;
  readonly mark: string;
  readonly weighted: string;
  readonly weighted_reason: string;
  readonly substitute: number | null;
  readonly substitute_unit: string;
}

/** Columns of the answer as rows, the newest first. */
export function statisticRows(found: Statistics): readonly Row[] {
  return found.t.map((at, i) => ({
    t: at, value: found.value[i] ?? null, low: found.low[i] ?? null, high: found.high[i] ?? null, n_valid: found.n_valid[i] ?? 0, n_expected: found.n_expected[i] ?? 0,
    valid: found.valid[i] ?? false, reason: found.reason[i] ?? '', mark: found.mark[i] ?? '',
    weighted: found.weighted[i] ?? 'none', weighted_reason: found.weighted_reason[i] ?? '',
    substitute: found.substitute[i] ?? null, substitute_unit: found.substitute_unit,
  })).reverse();
}

/** What the hours of a mean were weighted with, or why they were not. */
export function weightedWords(row: Pick<Row, 'weighted' | 'weighted_reason'>): string {
  const words = row.weighted === 'none' ? [row.weighted_reason] : [row.weighted, row.weighted_reason];
  return words.filter((word) => word !== '').map((word) => tMaybe(`weighted.${word}`, word)).join(', ') || '—';
}

/** A substitute is mass, in the unit that the answer names; never in the unit of the series. */
export function substituteWords(row: Pick<Row, 'substitute' | 'substitute_unit'>): string {
  return row.substitute === null ? '—' : `${Number(row.substitute.toPrecision(4))} ${row.substitute_unit}`;
}

function columns(desk: Desk, quantity: () => string, step: () => string): readonly Column<Row>[] {
  const time = (row: Row): string => {
    const day = clockDate(row.t, desk.offset_h());
    return step() === 'hour' ? `${day} ${clockTime(row.t, desk.offset_h(), false)}` : step() === 'month' ? day.slice(0, 7) : day;
  };
  const si = (read: (row: Row) => number | null) => (row: Row): string => value(read(row), quantity());
  return [
    { id: 't', title: () => t('stat.time'), width: 18, text: time, sort: (row) => row.t },
    { id: 'value', title: () => t('stat.value'), width: 15, numeric: true, text: si((row) => row.value), sort: (row) => row.value },
    { id: 'low', title: () => t('stat.low'), width: 15, numeric: true, text: si((row) => row.low), sort: (row) => row.low },
    { id: 'high', title: () => t('stat.high'), width: 15, numeric: true, text: si((row) => row.high), sort: (row) => row.high },
    {
      id: 'validity', title: () => t('stat.validity'), width: 18, numeric: true, sort: (row) => (row.n_expected === 0 ? null : row.n_valid / row.n_expected),
      text: (row) => `${row.n_valid} / ${row.n_expected} ${tMaybe(`stat.unit.${step()}`, '')}`,
    },
    {
      id: 'valid', title: () => t('reviews.state'), width: 11, text: (row) => t(row.valid ? 'stat.valid' : 'stat.invalid'),
      cell: (row) => chip(() => (row.get().valid ? 'good' : NOT_YET.includes(row.get().reason) ? 'idle' : 'warn'), () => t(row.get().valid ? 'stat.valid' : 'stat.invalid')),
    },
    { id: 'reason', title: () => t('stat.reason'), width: 18, text: (row) => (row.reason === '' ? '—' : tMaybe(`reason.${row.reason}`, row.reason)) },
    { id: 'mark', title: () => t('stat.mark'), width: 11, text: (row) => markName(row.mark) },
    { id: 'weighted', title: () => t('stat.weighted'), width: 22, text: weightedWords },
    { id: 'substitute', title: () => t('stat.substitute'), width: 22, numeric: true, text: substituteWords, sort: (row) => row.substitute },
  ];
}

export function seriesStatistics(desk: Desk, period: PeriodOf): HTMLElement {
  const key = signal(untracked(() => desk.param('key')));
  const step = signal(untracked(() => desk.param('step')) || 'hour');
  effect(() => {
    const params = { key: key.get(), step: step.get() === 'hour' ? '' : step.get() };
    untracked(() => desk.setParams(params));
  });
  const keys = (): readonly string[] => [...desk.names.get().series.keys()];
  effect(() => {
    const first = keys()[0];
    if (key.get() === '' && first !== undefined) key.set(first);
  });
  const found = resource((abort) => (key.get() === '' ? null
    : desk.http.get<Statistics>(withQuery('/api/v1/statistics', { key: key.get(), from: period().from_ms, to: period().to_ms, step: step.get() }), abort)), EVERY_MS);
  const quantity = (): string => splitKey(key.get()).quantity;
  const rows = computed(() => (found.get().data === null ? [] : statisticRows(found.get().data as Statistics)));
  const choices = (): readonly Choice[] => [{ value: '', text: () => t('stat.series.none') }, ...keys().map((one) => ({ value: one, text: () => seriesName(desk, one) }))];
  const steps = (): readonly Choice[] => STEPS.map((one) => ({ value: one, text: () => t(`stat.step.${one}`) }));
  const picture = h('div', { class: 'stat-plot' });
  swap(picture, () => `${found.get().at_ms ?? ''} ${language()}`, () => {
    const answer = found.peek().data;
    if (!answer || answer.t.length === 0) return null;
    const unit = displayUnit(quantity());
    const shown = (si: number): number => (unit === '' ? si : fromSi(si, unit));
    return plot({
      from: period().from_ms, to: period().to_ms, step_ms: STEP_MS[answer.step] ?? 0, width: 1500, label: `${seriesName(desk, answer.key)} ${unitLabel(unit)}`,
      points: answer.t.map((at, i) => {
        const si = answer.value[i] ?? null;
        return { t: at, v: si === null ? null : shown(si) };
      }),
      format: (one) => String(Number(one.toPrecision(4))), time: (ms) => (period().to_ms - period().from_ms > 2 * 86_400_000 ? clockDate(ms, desk.offset_h()).slice(5) : clockTime(ms, desk.offset_h(), false)),
    }, desk.offset_h());
  });
  return panel(() => t('statistics.tab.series'), [
    h('div', { class: 'fields' }, choice(() => t('stat.series'), key, choices), choice(() => t('stat.step'), step, steps),
      h('span', { hidden: () => found.get().data === null }, originChip(() => found.get().data?.origin ?? '')),
      h('small', { class: 'muted' }, () => (displayUnit(quantity()) === '' ? '' : unitLabel(displayUnit(quantity()))))),
    trouble(found), picture,
    table<Row>({
      label: () => t('statistics.tab.series'), columns: columns(desk, quantity, () => step.get()), rows: () => rows.get(), key: (row) => String(row.t),
      empty: emptyWords(found, () => t('stat.none')), tone: (row) => (row.valid || NOT_YET.includes(row.reason) ? '' : 'is-warn'),
    }),
  ], { className: 'grow', tools: freshnessOf(desk, found) });
}

/** One beam: what it measures beside what the now-cast gives for it, and how well that has gone. */

import { language, t } from '../i18n';
import { compareBeam, type Compared, type ComparedGas } from '../stores/compare';
import { rampLevel } from '../stores/readings';
import { number } from '../units';
import type { Residuals } from '../wire_air';
import { gasName } from './airmap';
import type { Context } from './context';
import { course } from './course';
import { each, h } from './dom';
import { originChip } from './panel';
import { age, ago, conc, concNumber, CONC_UNIT, hourMinute, qualityName } from './words';

const HOURS = 1;
const REFRESH_MS = 60_000;

/** Band, median and reading on the shared logarithmic scale. */
function bullet(row: () => Compared): HTMLElement {
  const at = (value: number): string => `${(100 * rampLevel(Math.max(value, 0))).toFixed(1)}%`;
  return h('span', { class: 'bullet', 'aria-hidden': 'true' },
    h('i', { style: () => `left:${at(row().predicted.low)};right:calc(100% - ${at(row().predicted.high)})` }),
    h('b', { style: () => `left:${at(row().predicted.median)}` }),
    h('u', { hidden: () => row().measured === null, style: () => `left:${at(row().measured ?? 0)}` }));
}

function bandWords(row: Pick<Compared, 'predicted'>): string {
  return t('air.band', { low: conc(row.predicted.low), high: conc(row.predicted.high) });
}

export function outsideMark(row: () => Compared): HTMLElement {
  return h('span', { class: 'mark-outside', hidden: () => !row().outside, title: () => t('air.outside.tip') }, () => t('air.outside'));
}

/** Age of the reading and its quality; in lists (not `full`) good quality goes without saying. */
function readingMarks(ctx: Context, row: Compared, full: boolean): string {
  const old = row.measured_t === null ? [] : [age(Math.max(0, ctx.stores.now_ms.get() - row.measured_t))];
  const quality = full || row.quality !== 'good' ? [qualityName(row.quality, '', false)] : [];
  return [...old, ...quality].join(' · ');
}

/** One line on what the model gives for a beam: for the tooltip. */
export function modelLine(ctx: Context, sensor: string, substance: string): string | null {
  const row = compareBeam(ctx.stores.air.nowcasts.get(), sensor, substance)[0];
  if (!row || row.substance !== substance) return null;
  const { low, median, high } = row.predicted;
  const words = t('air.tip', { median: conc(median), low: conc(low), high: conc(high) });
  return row.outside ? `${words} · ${t('air.outside')}` : words;
}

export function residualWords(found: Residuals | null | undefined): string {
  if (!found || found.n === 0) return t('air.fit.none', { h: HOURS });
  const share = (value: number | null): string => (value === null ? '—' : `${number(100 * value, 0, language())}%`);
  const bias = found.bias_kg_m3 === null ? '—' : `${found.bias_kg_m3 > 0 ? '+' : ''}${conc(found.bias_kg_m3)}`;
  const words = t('air.fit', { h: HOURS, n: found.n, bias, fac2: share(found.fac2), coverage: share(found.coverage) });
  return found.fac2 === null ? `${words} · ${t('air.fit.floor', { floor: conc(found.floor_kg_m3) })}` : words;
}

/** Residuals of one gas over the last hour, asked for once a minute while somebody looks. */
export function residualsOf(ctx: Context, substance: () => string | null, pick: (sensor: string | null) => boolean): () => Residuals | null {
  const moment = (): number => Math.floor(ctx.stores.now_ms.get() / REFRESH_MS) * REFRESH_MS;
  const { found } = course(() => (substance() === null ? '' : `${substance()}@${moment()}`), () => {
    const to = moment() + REFRESH_MS;
    return ctx.courses.predicted(substance() ?? '', to - HOURS * 3_600_000, to);
  });
  return () => {
    const answer = found.get();
    if (!answer || answer.substance !== substance()) return null;
    return answer.beams.find((row) => pick(row.sensor))?.residuals ?? (pick(null) ? answer.residuals : null);
  };
}

/** Cells of a comparison: reading with age and quality, median with its band, and both as a picture. */
export function comparedCells(ctx: Context, row: () => Compared, full = false): HTMLElement[] {
  return [
    h('td', { class: 'num' }, h('b', {}, () => concNumber(row().measured)), h('small', {}, () => readingMarks(ctx, row(), full))),
    h('td', { class: 'num' }, h('b', {}, () => concNumber(row().predicted.median)),
      h('small', { title: () => bandWords(row()) }, () => `${concNumber(row().predicted.low)} – ${concNumber(row().predicted.high)}`)),
    h('td', {}, bullet(row)),
  ];
}

export function comparedHead(first: () => string): HTMLElement {
  const head = (text: () => string, numeric = false): HTMLElement => h('th', { scope: 'col', class: numeric ? 'num' : '' }, text);
  return h('thead', {}, h('tr', {}, head(first), head(() => `${t('air.measured')} ${CONC_UNIT}`, true), head(() => t('air.modelled'), true), head(() => t('air.band.head'))));
}

function gasRow(ctx: Context, item: { get(): ComparedGas }): HTMLElement {
  return h('tr', { class: () => (item.get().outside ? 'is-outside' : '') },
    h('th', { scope: 'row' }, () => gasName(ctx, item.get().substance), outsideMark(() => item.get())),
    ...comparedCells(ctx, () => item.get(), true));
}

/** Section of a beam's card. */
export function beamModel(ctx: Context): HTMLElement {
  const { air, selected, substance, byBeam, scene, now_ms } = ctx.stores;
  const beam = (): string | null => (selected.get()?.kind === 'beam' ? (selected.get()?.id ?? null) : null);
  const gas = (): string | null => {
    const id = beam();
    return id === null ? null : (substance.get() ?? byBeam.get().get(id)?.substance ?? null);
  };
  const rows = (): readonly ComparedGas[] => {
    const id = beam();
    return id === null ? [] : compareBeam(air.nowcasts.get(), id, gas());
  };
  const first = (): ComparedGas | null => rows()[0] ?? null;
  const residuals = residualsOf(ctx, () => first()?.substance ?? null, (sensor) => sensor === beam());
  const body = h('tbody', {});
  each(body, rows, (row) => row.substance, (item) => gasRow(ctx, item));
  return h('section', { class: 'beam-model', hidden: () => beam() === null },
    h('h3', {}, () => t('air.beam')),
    h('p', { class: 'air-head', hidden: () => rows().length === 0 }, originChip(() => air.nowcasts.get().get(first()?.substance ?? '')?.origin ?? 'modelled', true),
      h('span', { class: 'muted' }, () => {
        const row = first();
        return row ? `${hourMinute(scene.get(), row.t)} · ${ago(Math.max(0, now_ms.get() - row.t))}` : '';
      })),
    h('p', { class: 'empty', hidden: () => rows().length > 0 }, () => t('air.beam.none')),
    h('table', { class: 'grid compared', hidden: () => rows().length === 0 },
      comparedHead(() => t('air.gas')), body),
    h('p', { class: 'caption muted', hidden: () => rows().length === 0 }, () => `${gasName(ctx, first()?.substance ?? '')}: ${residualWords(residuals())}`));
}

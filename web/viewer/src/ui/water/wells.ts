/** Wells: measured beside modelled, and the curve of one of them over its band. */

import type { Origin, Quality } from '../../contract';
import { language, say } from '../../i18n';
import { tw } from '../../i18n/water';
import { limitOf, levelAgreement, outside, wellState } from '../../stores/water_facts';
import { effect } from '../../stores/signal';
import { clockDate, clockTime } from '../../units';
import type { Series } from '../../wire';
import type { Band, WaterNow, WaterWell, WellReading } from '../../wire_water';
import type { Context } from '../context';
import { course } from '../course';
import { each, h } from '../dom';
import { empty } from '../panel';
import { age, originName, qualityName } from '../words';
import { curvePlot, heading3, nameOfShown, nowOf, substanceOf, table, type CurvePlot } from './parts';
import { conc, level, milli } from './words';

const DAYS = 7;
const DAY_MS = 86_400_000;
const REFRESH_MS = 300_000;
const LEAST_SPAN_MS = 3_600_000;

/** A level is not used by the model when it is older. */
const LEVEL_STALE_MS = 7 * DAY_MS;

function isLevelStale(ctx: Context, row: WaterWell): boolean {
  return row.measured_t !== null && (row.quality !== 'good' || ctx.stores.now_ms.get() - row.measured_t > LEVEL_STALE_MS);
}

/** Age, origin where it is another than the well's, and what is wrong with a value. */
function marksOf(ctx: Context, t: number, quality: Quality, origin: Origin | null, stale: boolean): string {
  const parts = [age(Math.max(0, ctx.stores.now_ms.get() - t))];
  if (origin !== null) parts.push(originName(origin));
  if (quality !== 'good' || stale) parts.push(qualityName(quality, '', stale));
  return parts.join(' · ');
}

function marks(ctx: Context, row: WaterWell): string {
  return row.measured_t === null ? tw('wells.only') : marksOf(ctx, row.measured_t, row.quality, row.origin ?? null, isLevelStale(ctx, row));
}

function concMarks(ctx: Context, reading: WellReading | undefined): string {
  return reading ? marksOf(ctx, reading.t, reading.quality, reading.origin, !reading.fresh) : '';
}

function bandText(band: Band | undefined, show: (value: number) => string): string {
  return band ? `${show(band.low)}–${show(band.high)}` : '';
}

function wellRow(ctx: Context, item: { get(): WaterWell }, sensor: string): HTMLElement {
  const well = (): WaterWell => item.get();
  const state = (): ReturnType<typeof wellState> => wellState(well(), substanceOf(ctx), limitOf(nowOf(ctx), substanceOf(ctx)));
  const band = (): Band | undefined => well().conc[substanceOf(ctx) ?? ''];
  const measured = (): number | null => well().measured_conc[substanceOf(ctx) ?? ''] ?? null;
  const reading = (): WellReading | undefined => well().measured?.[substanceOf(ctx) ?? ''];
  const stale = (): boolean => reading()?.fresh === false;
  const degree = (): number | null => state().degree;
  return h('tr', { class: () => (ctx.stores.selected.get()?.id === sensor ? 'is-chosen' : ''), onclick: () => ctx.actions.flyTo('well', sensor) },
    h('th', { scope: 'row' },
      h('i', { class: () => `well-dot degree-${degree() ?? 'none'}`, title: () => (degree() === null ? '' : tw(`wells.degree.${degree() as 0 | 1 | 2 | 3}`)) }),
      h('button', { type: 'button', class: 'link' }, sensor)),
    h('td', { class: () => `num ${outside(well().measured_level, well().level) ? 'is-outside' : ''}` },
      h('b', { class: () => (isLevelStale(ctx, well()) ? 'is-old' : '') }, () => level(well().measured_level)), ' ', h('span', {}, () => level(well().level.median)),
      h('small', {}, () => bandText(well().level, level)), h('small', { class: 'reading-marks' }, () => marks(ctx, well()))),
    h('td', { class: () => `num ${!stale() && outside(measured(), band()) ? 'is-outside' : ''}` },
      h('b', { class: () => (stale() ? 'is-old' : '') }, () => milli(measured())), ' ', h('span', {}, () => milli(band()?.median ?? null)), h('small', {}, () => bandText(band(), milli)),
      h('small', { class: 'reading-marks' }, () => concMarks(ctx, reading()))),
    h('td', { class: 'warn', hidden: () => well().warning === null, title: () => say(well().warning) }, '⚠'));
}

/** A band of one well out of the now-casts of a span. */
function plotOf(rows: readonly WaterNow[], sensor: string, pick: (well: WaterWell) => Band | undefined, measured: Series | null, limit: number | null, from: number, to: number): CurvePlot | null {
  const found = rows.flatMap((now) => {
    const well = now.wells.find((one) => one.sensor === sensor);
    const band = well && pick(well);
    return band ? [{ t: now.t, band }] : [];
  }).sort((a, b) => a.t - b.t);
  const dots = (measured?.t ?? []).flatMap((t, i) => {
    const value = measured?.v[i] ?? null;
    return value === null ? [] : [[t, value] as const];
  });
  const values = [...found.flatMap(({ band }) => [band.low, band.high]), ...dots.map(([, v]) => v)];
  if (values.length === 0) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const first = Math.min(to, ...found.map((row) => row.t), ...dots.map(([t]) => t));
  const room = Math.max((high - low) * 0.12, Math.abs(high) * 1e-3, 1e-9);
  return {
    t: found.map((row) => row.t), low: found.map((row) => row.band.low), median: found.map((row) => row.band.median), high: found.map((row) => row.band.high),
    dots, from: Math.max(from, Math.min(first, to - LEAST_SPAN_MS)), to, bottom: low - room, top: high + room, limit,
  };
}

const moment = (ms: number, offset: number): string => `${clockDate(ms, offset).slice(5)} ${clockTime(ms, offset, false)}`;

function figure(ctx: Context, title: string, plot: CurvePlot | null, show: (value: number) => string): HTMLElement {
  const offset = ctx.stores.scene.peek()?.scene.utc_offset_h ?? 8;
  if (!plot) return empty(() => tw('wells.curve.none'));
  return h('figure', { class: 'trend-figure' },
    h('figcaption', {}, h('span', {}, title), h('span', { class: 'mini-key key-dot' }, tw('key.measured')), h('span', { class: 'mini-key key-band' }, tw('key.modelled'))),
    h('div', { class: 'curve-box' }, curvePlot(plot, title), h('small', { class: 'curve-top' }, show(plot.top)), h('small', { class: 'curve-bottom' }, show(plot.bottom))),
    h('small', { class: 'trend-times muted' }, h('span', {}, moment(plot.from, offset)), h('span', {}, moment(plot.to, offset))));
}

/** The chosen well's level and concentration over the last days. */
function wellCurves(ctx: Context): HTMLElement {
  const chosen = (): string | null => {
    const found = ctx.stores.selected.get();
    return found && nowOf(ctx)?.wells.some((row) => row.sensor === found.id) ? found.id : null;
  };
  const moment = (): number => Math.ceil((nowOf(ctx)?.t ?? 0) / REFRESH_MS) * REFRESH_MS;
  const wish = (): string => (chosen() === null ? '' : `${chosen()}|${substanceOf(ctx)}|${moment()}`);
  const ask = async (): Promise<{ well: string; substance: string | null; to: number; rows: readonly WaterNow[]; level: Series | null; conc: Series | null }> => {
    const [well, substance, to] = [chosen() ?? '', substanceOf(ctx), moment()];
    const from = to - DAYS * DAY_MS;
    // A young ledger has few hours: minutes then.
    const step = to - (ctx.stores.span.peek().from_ms ?? to) < 2 * DAY_MS ? 'minute' : 'hour';
    const series = (quantity: string): Promise<Series | null> => ctx.series(`${well}/${quantity}`, from, to, step).catch(() => null);
    const [rows, height, dissolved] = await Promise.all([ctx.courses.waterNowcasts([from, to]), series('water_level'), series(`water:${substance ?? ''}`)]);
    return { well, substance, to, rows, level: height, conc: dissolved };
  };
  const { found, failed } = course(wish, ask);
  const box = h('div', {});
  effect(() => {
    language();
    const answer = found.get();
    if (!answer || answer.well !== chosen()) {
      box.replaceChildren();
      return;
    }
    const from = answer.to - DAYS * DAY_MS;
    const limit = limitOf(nowOf(ctx), answer.substance);
    box.replaceChildren(
      h('h3', {}, tw('wells.curve', { well: answer.well, days: DAYS })),
      figure(ctx, `${tw('wells.curve.level')} m`, plotOf(answer.rows, answer.well, (well) => well.level, answer.level, null, from, answer.to), level),
      figure(ctx, nameOfShown(ctx), plotOf(answer.rows, answer.well, (well) => well.conc[answer.substance ?? ''], answer.conc, limit, from, answer.to), conc));
  });
  return h('div', {}, empty(() => tw('wells.pick'), () => chosen() !== null),
    h('p', { class: 'warn', hidden: () => failed.get() === null }, () => tw('wells.curve.failed', { why: failed.get() ?? '' })), box);
}

export function wells(ctx: Context): HTMLElement {
  const rows = (): readonly WaterWell[] => nowOf(ctx)?.wells ?? [];
  const body = h('tbody', {});
  each(body, rows, (row) => row.sensor, (item, sensor) => wellRow(ctx, item, sensor));
  return h('div', { class: 'water-part' }, heading3('wells.title'),
    h('p', { class: 'muted' }, () => tw('wells.agree', { ...levelAgreement(rows()) })),
    h('div', { class: 'water-table' },
      table('compared wells-now', [[() => tw('wells.well'), false], [() => tw('wells.level'), true], [() => `${nameOfShown(ctx)} mg/L`, true]], body)),
    wellCurves(ctx));
}

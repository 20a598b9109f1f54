/** How an event goes on: area, reach, direction and speed over time, the gas on all beams, and the winds of a day. Fetched apart. */

import { language, say, t, type Key } from '../i18n';
import { signal, effect } from '../stores/signal';
import { area, compass, join, length, number, show } from '../units';
import type { AirCurves, SpreadCourse, WindRose } from '../wire_air';
import { gasName } from './airmap';
import type { Context } from './context';
import { course } from './course';
import { h } from './dom';
import { miniplot, type MiniLine, type MiniPlot } from './miniplot';
import { empty } from './panel';
import { roseFigure } from './rose';
import { conc, hourMinute } from './words';

const MOST_HOURS = 24;
const ROSE_HOURS = 24;
const REFRESH_MS = 60_000;
const CLASS_COUNT = 6;

interface Span {
  readonly from: number;
  readonly to: number;
  readonly hours: number;
}

type Column = readonly (number | null)[];

const largest = (columns: readonly Column[]): number => Math.max(0, ...columns.flatMap((column) => column.map((value) => value ?? 0)));

function last(column: Column): number | null {
  for (let i = column.length - 1; i >= 0; i -= 1) if (column[i] !== null && column[i] !== undefined) return column[i] ?? null;
  return null;
}

/** Column of one level out of rows by time. */
function ofLevel(rows: readonly Column[], k: number): Column {
  return rows.map((row) => row[k] ?? null);
}

/** A titled small plot with its newest numbers. */
function figure(ctx: Context, name: Key, newest: readonly Node[], plot: MiniPlot, top: string): HTMLElement {
  const index = ctx.stores.scene.peek();
  return h('figure', { class: 'trend-figure' },
    h('figcaption', {}, h('span', {}, t(name)), h('span', { class: 'trend-now' }, ...newest)),
    miniplot(plot, t(name), top),
    h('small', { class: 'trend-times muted' }, h('span', {}, hourMinute(index, plot.from, false)), h('span', {}, hourMinute(index, plot.to, false))));
}

const strong = (text: string, className = ''): HTMLElement => h('b', { class: className }, text);

function byLevel(found: SpreadCourse, rows: readonly Column[], words: (value: number) => string): { lines: MiniLine[]; newest: Node[] } {
  const lines = found.levels.map((row, k) => ({ class: `limit-${Math.min(3, row.level)}`, values: ofLevel(rows, k) }));
  const newest = found.levels.map((row, k) => {
    const value = last(ofLevel(rows, k));
    const node = strong(`L${row.level} ${value === null ? '—' : words(value)}`, `limit-${Math.min(3, row.level)}`);
    node.title = `${say(row.name)} ${conc(row.conc_kg_m3)}`;
    return node;
  });
  return { lines, newest };
}

function spreadFigures(ctx: Context, found: SpreadCourse, span: Span): HTMLElement[] {
  if (found.t.length === 0) return [empty(() => t('air.trend.none'))];
  const areaWords = (value: number): string => join(area(value, language()));
  const longWords = (value: number): string => (value === 0 ? '0 m' : join(length(value, language())));
  const speedWords = (value: number | null): string => join(show(value, 'wind_speed', language()));
  const base = { t: found.t, from: span.from, to: span.to };
  const areas = byLevel(found, found.area_m2, areaWords);
  const reaches = byLevel(found, found.reach_m, longWords);
  const [areaTop, reachTop] = [Math.max(largest(found.area_m2), 100), Math.max(largest(found.reach_m), 100)];
  const speedTop = Math.max(largest([found.speed_m_s]), 1);
  const maxTop = Math.max(largest([found.max_kg_m3]), 1e-9);
  const towards = last(found.towards_deg);
  const going = towards === null ? '—' : `${compass(towards, language())} ${number(towards, 0, language())}°`;
  return [
    figure(ctx, 'air.trend.max', [strong(conc(last(found.max_kg_m3)))], {
      ...base, lines: [{ class: 'mini-1', values: found.max_kg_m3 }], top: maxTop,
      marks: found.levels.map((row) => ({ value: row.conc_kg_m3, class: `limit-${Math.min(3, row.level)}` })),
    }, conc(maxTop)),
    figure(ctx, 'air.trend.area', areas.newest, { ...base, lines: areas.lines, top: areaTop }, areaWords(areaTop)),
    figure(ctx, 'air.trend.reach', reaches.newest, { ...base, lines: reaches.lines, top: reachTop }, longWords(reachTop)),
    figure(ctx, 'air.trend.towards', [strong(going)], { ...base, lines: [{ class: 'mini-1', values: found.towards_deg }], top: 360, turns: true }, '360°'),
    figure(ctx, 'air.trend.speed', [strong(speedWords(last(found.speed_m_s)))], { ...base, lines: [{ class: 'mini-1', values: found.speed_m_s }], top: speedTop }, speedWords(speedTop)),
  ];
}

function curveFigure(ctx: Context, found: AirCurves, span: Span): HTMLElement[] {
  if (found.t.length === 0) return [];
  const index = ctx.stores.scene.peek();
  const limits = index?.thresholds.get(found.substance) ?? [];
  const high = Math.max(largest([found.largest]), 1e-9);
  const near = limits.filter((row) => row.conc_kg_m3 <= 4 * high);
  const top = Math.max(high, ...near.map((row) => row.conc_kg_m3));
  const newest = [
    h('span', { class: 'mini-key mini-2' }, t('air.trend.mean')), strong(conc(last(found.mean))),
    h('span', { class: 'mini-key mini-1' }, t('air.trend.largest', { sensor: found.sensor[found.sensor.length - 1] ?? '—' })), strong(conc(last(found.largest))),
  ];
  return [figure(ctx, 'air.trend.curve', newest, {
    t: found.t, from: span.from, to: span.to, top,
    lines: [{ class: 'mini-1', values: found.largest }, { class: 'mini-2', values: found.mean }],
    marks: near.map((row) => ({ value: row.conc_kg_m3, class: `limit-${Math.min(3, row.level)}` })),
  }, conc(top))];
}

function roseFigures(found: WindRose): HTMLElement[] {
  if (found.n === 0) return [];
  const label = (): string => t('air.rose', { h: ROSE_HOURS, n: found.stations.length });
  const colours = Array.from({ length: CLASS_COUNT }, (_, k) => `speed-${k + 1}`);
  const names = found.speeds_m_s.map((low, k) => {
    const next = found.speeds_m_s[k + 1];
    return h('span', { class: 'rose-key' }, h('i', { class: colours[k] ?? '' }), next === undefined ? `≥ ${low} m/s` : `${low}–${next} m/s`);
  });
  const calm = t('wind.calm', { p: number(100 * found.calm, 0, language()) });
  return [h('div', { class: 'rose-box' }, h('div', { class: 'rose-picture' }, roseFigure(found.share, label, colours)),
    h('div', { class: 'rose-names' }, h('span', { class: 'rose-title' }, label()), ...names,
      h('small', { class: 'muted' }, `${calm} · ${t('wind.samples', { n: number(found.n, 0, language()) })}`)))];
}

/** Draws `make` anew when its answer or the language changes. */
function drawn<T>(found: () => T | null, make: (answer: T) => readonly HTMLElement[]): HTMLElement {
  const box = h('div', { class: 'trend-box' });
  effect(() => {
    language();
    const answer = found();
    box.replaceChildren(...(answer === null ? [] : make(answer)));
  });
  return box;
}

export function airTrend(ctx: Context, substance: () => string | null): HTMLElement {
  const { stores, courses } = ctx;
  const minute = signal(0);
  effect(() => minute.set(Math.floor(stores.now_ms.get() / REFRESH_MS) * REFRESH_MS));
  const span = (): Span => {
    const hours = Math.min(stores.window_h.get(), MOST_HOURS);
    const to = minute.get() + REFRESH_MS;
    return { from: to - hours * 3_600_000, to, hours };
  };
  const gas = signal<string | null>(null);
  effect(() => gas.set(substance()));
  const wish = (): string => (gas.get() === null ? '' : `${gas.get()}|${span().from}|${span().to}`);
  const spread = course(wish, () => courses.spread(gas.peek() ?? '', span().from, span().to));
  const curves = course(wish, () => courses.curves(gas.peek() ?? '', span().from, span().to));
  const rose = course(() => String(minute.get()), () => courses.rose(minute.peek() - ROSE_HOURS * 3_600_000, minute.peek() + REFRESH_MS));
  const mine = <T extends { readonly substance: string }>(answer: T | null): T | null => (answer && answer.substance === gas.get() ? answer : null);
  const why = (): string | null => spread.failed.get() ?? curves.failed.get() ?? rose.failed.get();
  return h('div', { class: 'trend-box' },
    h('h3', {}, () => `${gas.get() === null ? '' : gasName(ctx, gas.get() ?? '')} · ${t('air.trend.span', { h: span().hours })}`),
    h('p', { class: 'warn', hidden: () => why() === null }, () => t('air.more.failed', { why: why() ?? '' })),
    drawn(() => mine(spread.found.get()), (answer) => spreadFigures(ctx, answer, span())),
    drawn(() => mine(curves.found.get()), (answer) => curveFigure(ctx, answer, span())),
    drawn(() => rose.found.get(), roseFigures));
}

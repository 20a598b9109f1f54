/** Doing nothing beside what could be done: on two maps, in bars over time, in money. */

import { language, say } from '../../i18n';
import { tw } from '../../i18n/water';
import { baselineOf, comparisonOf, failedExercise, leadAt, nearest, remediesOf, riskCount, saved } from '../../stores/water_facts';
import { effect } from '../../stores/signal';
import { join, significant } from '../../units';
import type { Band, Remedy, RemedyLead, Rings, WaterComparison } from '../../wire_water';
import type { Context } from '../context';
import { h, s, type Child } from '../dom';
import { empty, originChip } from '../panel';
import { hourMinute } from '../words';
import { nowOf, substanceOf, toggle } from './parts';
import { areaShown, bandWords, conc, costShown, dissolvedName, leadName, massShown, percent } from './words';

function current(ctx: Context): WaterComparison | null {
  const { comparisons, exercise } = ctx.stores.water;
  return comparisonOf(comparisons.get(), substanceOf(ctx), exercise.get());
}

/** The option that panels speak of: the one on the map, else the best, else the first. */
function optionOf(ctx: Context): Remedy | null {
  const comparison = current(ctx);
  const rows = remediesOf(comparison);
  const chosen = ctx.stores.water.remedy.get();
  return rows.find((row) => row.id === chosen) ?? rows.find((row) => row.id === comparison?.best) ?? rows[0] ?? null;
}

function path(rings: Rings): string {
  return rings.map((ring) => ring.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(0)} ${(-y).toFixed(0)}`).join('') + 'Z').join('');
}

function frontOf(option: Remedy | null, lead_s: number): Rings {
  return nearest(option?.fronts ?? [], lead_s)?.median ?? [];
}

const ROOM = 0.16;

/** Box that holds both fronts at every lead, so that nothing moves while the time slider does. */
function boxOf(options: readonly (Remedy | null)[], extra: readonly (readonly [number, number])[]): readonly [number, number, number, number] | null {
  const points = [...options.flatMap((row) => [...(row?.fronts ?? []).flatMap((front) => front.median.flat()), ...(row?.area ?? []).flat()]), ...extra];
  if (points.length === 0) return null;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const pad = ROOM * Math.max(x1 - x0, y1 - y0, 50);
  return [x0 - pad, y0 - pad, x1 + pad, y1 + pad];
}

/** One of the two maps. */
function map(ctx: Context, box: readonly [number, number, number, number], front: Rings, ghost: Rings, area: Rings | null, className: string, label: string): SVGSVGElement {
  const scene = ctx.stores.scene.peek()?.scene;
  const size = Math.max(box[2] - box[0], box[3] - box[1]);
  const line = (points: readonly (readonly [number, number])[], closed: boolean): string => (points.length > 0 ? path([points]).slice(0, closed ? undefined : -1) : '');
  const targets = (nowOf(ctx)?.targets ?? []).filter((row) => row.substance === substanceOf(ctx));
  return s('svg', { class: `remedy-map ${className}`, viewBox: `${box[0]} ${-box[3]} ${box[2] - box[0]} ${box[3] - box[1]}`, role: 'img', 'aria-label': label },
    ...(scene?.waters ?? []).map((row) => s('path', { d: line(row.line, false), class: 'map-water' })),
    ...(scene?.areas ?? []).map((row) => s('path', { d: line(row.ring, true), class: 'map-area' })),
    s('path', { d: path(ghost), class: 'map-ghost' }),
    s('path', { d: path(front), class: 'map-front', 'fill-rule': 'evenodd' }),
    area ? s('path', { d: path(area), class: 'map-work' }) : null,
    ...(scene?.wells ?? []).map((row) => s('circle', { cx: row.x, cy: -row.y, r: size / 110, class: 'map-well' })),
    ...targets.map((row) => s('path', { d: `M${row.x_m} ${-row.y_m - size / 30}l${size / 40} ${size / 22}h${-size / 20}Z`, class: `map-target risk-${row.risk}` })));
}

function maps(ctx: Context, comparison: WaterComparison, option: Remedy): HTMLElement {
  const lead_s = ctx.stores.water.lead_s.get();
  const nothing = baselineOf(comparison);
  const box = boxOf([nothing, option], []);
  const shown = nearest(option.fronts, lead_s)?.lead_s ?? lead_s;
  if (!box) return h('div', {});
  const [before, after] = [frontOf(nothing, lead_s), frontOf(option, lead_s)];
  return h('div', { class: 'remedy-maps' },
    h('figure', {}, h('figcaption', {}, `${tw('remedy.before')} · ${leadName(shown)}`), map(ctx, box, before, [], null, 'is-before', tw('remedy.before'))),
    h('figure', {}, h('figcaption', {}, `${tw('remedy.after')} · ${leadName(shown)}`), map(ctx, box, after, before, option.area, 'is-after', tw('remedy.after'))));
}

/** Bars over time: doing nothing and the option, with their bands. */
function bars(title: string, nothing: Remedy | null, option: Remedy, pick: (row: RemedyLead) => Band, words: (value: number) => string): HTMLElement {
  const leads = option.leads.map((row) => row.lead_s);
  const most = Math.max(1e-300, ...[nothing, option].flatMap((row) => (row?.leads ?? []).map((lead) => pick(lead).high)));
  const height = (value: number): string => `${((100 * value) / most).toFixed(1)}%`;
  const bar = (row: RemedyLead | null, className: string): HTMLElement => {
    const band = row ? pick(row) : null;
    return h('span', { class: `remedy-bar ${className}`, title: band ? `${words(band.median)} (${words(band.low)} – ${words(band.high)})` : '' },
      band ? h('i', { style: `height:${height(band.median)}` }) : null,
      band ? h('u', { style: `bottom:${height(band.low)};height:${height(Math.max(0, band.high - band.low))}` }) : null);
  };
  return h('figure', { class: 'remedy-bars' }, h('figcaption', {}, h('span', {}, title), h('small', { class: 'muted' }, words(most))),
    h('div', { class: 'bar-row' }, ...leads.map((lead_s) => h('div', { class: 'bar-lead' },
      h('div', { class: 'bar-pair' }, bar(leadAt(nothing, lead_s), 'is-before'), bar(leadAt(option, lead_s), 'is-after')), h('small', {}, leadName(lead_s))))));
}

function cell(text: string, less: number | null = null): HTMLElement {
  const told = less !== null && Math.abs(less) >= 0.005;
  return h('td', { class: 'num' }, text, told ? h('small', { class: less > 0 ? 'is-less' : 'is-more' }, `${less > 0 ? '−' : '+'}${percent(Math.abs(less))}`) : null);
}

/** All options, one row each, at the end of the forecast. */
function optionTable(ctx: Context, comparison: WaterComparison): HTMLElement {
  const { water } = ctx.stores;
  const nothing = baselineOf(comparison);
  const last = Math.max(...comparison.options.flatMap((row) => row.leads.map((lead) => lead.lead_s)), 0);
  const row = (option: Remedy): HTMLElement => {
    const then = leadAt(option, last);
    const mine = option.id !== comparison.baseline;
    const base = leadAt(nothing, last);
    return h('tr', { class: optionOf(ctx)?.id === option.id ? 'is-chosen' : '', onclick: () => { if (mine) water.remedy.set(option.id); } },
      h('th', { scope: 'row' }, mine ? h('button', { type: 'button', class: 'link' }, say(option.name)) : tw('remedy.nothing'),
        option.id === comparison.best ? h('span', { class: 'chip best' }, tw('remedy.best')) : null),
      cell(option.cost_cny ? join(costShown(option.cost_cny.median)) : '—'),
      cell(then ? join(massShown(then.mass_kg.median)) : '—', mine ? saved(then, base, 'mass_kg') : null),
      cell(then ? join(areaShown(then.area_m2.median)) : '—', mine ? saved(then, base, 'area_m2') : null),
      cell(riskCount(then) === null ? '—' : String(riskCount(then))));
  };
  return h('div', { class: 'water-table' }, h('table', { class: 'grid remedies' },
    h('thead', {}, h('tr', {}, ...[tw('remedy.option'), tw('remedy.cost'), tw('remedy.mass'), tw('remedy.area'), tw('remedy.targets')].map((text, i) =>
      h('th', { scope: 'col', class: i > 0 ? 'num' : '' }, i >= 2 && i <= 3 ? `${text} ${tw('remedy.at', { lead: leadName(last) })}` : text)))),
    h('tbody', {}, ...comparison.options.map(row))));
}

function agentWords(option: Remedy): string {
  const parts = [
    option.agent ? `${tw('remedy.agent')}: ${say(option.agent)}` : '',
    option.amount ? `${tw('remedy.amount')}: ${significant(option.amount.value, language())} ${option.amount.unit}` : '',
    option.cost_cny ? `${tw('remedy.cost')}: ${bandWords(option.cost_cny, costShown)}` : '',
  ];
  return parts.filter((text) => text !== '').join(' · ');
}

/** Largest concentration then, beside doing nothing. */
function maxWords(comparison: WaterComparison, option: Remedy): string {
  const last = Math.max(...option.leads.map((row) => row.lead_s), 0);
  const [before, after] = [leadAt(baselineOf(comparison), last), leadAt(option, last)];
  return before && after ? `${tw('remedy.max')} ${leadName(last)}: ${conc(before.max_kg_m3.median)} → ${conc(after.max_kg_m3.median)}` : '';
}

function drawn(ctx: Context, comparison: WaterComparison, option: Remedy): Child[] {
  const nothing = baselineOf(comparison);
  const { water } = ctx.stores;
  const on = water.remedy.get() === option.id;
  const index = ctx.stores.scene.peek();
  return [
    h('p', { class: 'air-head' }, originChip(() => (comparison.exercise ? 'exercise' : comparison.origin), true),
      h('span', {}, [dissolvedName(index, comparison.substance), hourMinute(index, comparison.t, false),
        ...(comparison.members ? [tw('remedy.members', { n: comparison.members })] : [])].join(' · '))),
    comparison.exercise ? h('p', { class: 'warn' }, tw('remedy.exercise')) : null,
    optionTable(ctx, comparison),
    say(comparison.why) ? h('p', {}, `${tw('remedy.why')}: ${say(comparison.why)}`) : null,
    h('div', { class: 'split remedy-name' }, h('b', {}, say(option.name)),
      h('button', { type: 'button', class: 'text-button', 'aria-pressed': String(on), onclick: () => water.remedy.set(on ? null : option.id) }, tw(on ? 'remedy.off' : 'remedy.on'))),
    h('p', { class: 'muted' }, [agentWords(option), maxWords(comparison, option)].filter((text) => text !== '').join(' · ')),
    maps(ctx, comparison, option),
    h('div', { class: 'remedy-charts' },
      bars(tw('remedy.mass'), nothing, option, (row) => row.mass_kg, (value) => join(massShown(value))),
      bars(tw('remedy.area'), nothing, option, (row) => row.area_m2, (value) => join(areaShown(value)))),
    h('p', { class: 'caption muted' }, tw('remedy.key')),
  ];
}

/** Chooses between what is and the exercises, where there are any; an exercise that failed says why. */
function kinds(ctx: Context): Child[] {
  const { comparisons, exercise, remedy } = ctx.stores.water;
  if (!comparisons.get().some((row) => row.exercise)) return [];
  const choose = (value: boolean) => (): void => {
    exercise.set(value);
    remedy.set(null);
  };
  const failed = exercise.get() ? failedExercise(comparisons.get()) : null;
  return [
    h('span', { class: 'segments', role: 'group', 'aria-label': tw('part.remedy') },
      toggle(() => tw('remedy.real'), () => !exercise.get(), choose(false)), toggle(() => tw('remedy.whatif'), () => exercise.get(), choose(true))),
    failed ? h('p', { class: 'warn' }, `${tw('remedy.failed', { time: hourMinute(ctx.stores.scene.peek(), failed.t, false) })}: ${say(failed.why)}`) : null,
  ];
}

export function remedies(ctx: Context): HTMLElement {
  const box = h('div', { class: 'remedy-box' });
  effect(() => {
    language();
    const [comparison, option] = [current(ctx), optionOf(ctx)];
    box.replaceChildren();
    box.append(...kinds(ctx).filter((node): node is Node => node instanceof Node));
    if (comparison && option) box.append(...drawn(ctx, comparison, option).filter((node): node is Node => node instanceof Node));
  });
  return h('div', { class: 'water-part' }, box, empty(() => tw('remedy.none'), () => optionOf(ctx) !== null));
}

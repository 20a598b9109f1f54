/** What the models say: the map on the ground, measured beside modelled, what is expected, and what to mind. */

import { language, say, t, type Key } from '../i18n';
import { sourceOf, type GroundMap, type MapBand } from '../stores/air';
import { agreement, compare, type Compared } from '../stores/compare';
import { rampLevel } from '../stores/readings';
import { number } from '../units';
import type { Arrival, Forecast, NowCast } from '../wire_air';
import type { Context } from './context';
import { each, h } from './dom';
import { noteWords } from './notes';
import { empty, originChip, panel } from './panel';
import { chooser } from './plume';
import { age, ago, conc, hourMinute, nameOf, qualityName } from './words';

const BANDS: readonly (readonly [MapBand, Key])[] = [['p05', 'air.map.p05'], ['p50', 'air.map.p50'], ['p95', 'air.map.p95']];

function nowcastOf(ctx: Context): NowCast | null {
  const { air, substance } = ctx.stores;
  return sourceOf({ kind: 'now', band: 'p50' }, substance.get(), air.nowcasts.get(), air.forecasts.get()) as NowCast | null;
}

function forecastOf(ctx: Context): Forecast | null {
  const { air, substance } = ctx.stores;
  return sourceOf({ kind: 'forecast', lead_s: 0, level: 1 }, substance.get(), air.nowcasts.get(), air.forecasts.get()) as Forecast | null;
}

function choice(text: () => string, pressed: () => boolean, act: () => void, disabled: () => boolean = () => false): HTMLElement {
  return h('button', { type: 'button', class: 'segment', 'aria-pressed': () => String(pressed()), disabled, onclick: act }, text);
}

function same(a: GroundMap, b: GroundMap): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Chooses what lies on the ground: nothing, now, or a moment to come. */
function mapChoice(ctx: Context): HTMLElement {
  const { groundMap } = ctx.stores.air;
  const pick = (map: GroundMap): (() => void) => () => groundMap.set(map);
  const leads = (): readonly number[] => forecastOf(ctx)?.leads.map((row) => row.lead_s) ?? [];
  const levels = (): readonly number[] => forecastOf(ctx)?.leads[0]?.areas.map((row) => row.level) ?? [];
  const chosen = (): { lead_s: number; level: number } => {
    const map = groundMap.get();
    return map.kind === 'forecast' ? map : { lead_s: leads()[0] ?? 600, level: levels()[0] ?? 1 };
  };
  const steps = h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map.leads') });
  each(steps, leads, String, (item) => choice(() => t('air.lead', { n: Math.round(item.get() / 60) }),
    () => { const map = groundMap.get(); return map.kind === 'forecast' && map.lead_s === item.get(); },
    () => groundMap.set({ kind: 'forecast', lead_s: item.peek(), level: chosen().level })));
  const degrees = h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map.levels') });
  each(degrees, levels, String, (item) => choice(() => `L${item.get()}`,
    () => { const map = groundMap.get(); return map.kind === 'forecast' && map.level === item.get(); },
    () => groundMap.set({ kind: 'forecast', lead_s: chosen().lead_s, level: item.peek() })));
  const mapped = (): boolean => (nowcastOf(ctx)?.url ?? '') !== '';
  return h('div', { class: 'air-map' },
    h('h3', {}, () => t('air.map')),
    h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map') },
      choice(() => t('air.map.off'), () => groundMap.get().kind === 'none', pick({ kind: 'none' })),
      ...BANDS.map(([band, name]) => choice(() => t(name), () => same(groundMap.get(), { kind: 'now', band }), pick({ kind: 'now', band }), () => !mapped()))),
    h('p', { class: 'empty', hidden: mapped }, () => t('air.map.none')),
    h('div', { class: 'air-later', hidden: () => leads().length === 0 },
      h('p', {}, h('span', { class: 'chip forecast' }, () => t('air.forecast')), ' ', () => t('air.map.chance')), steps, degrees));
}

/** Band, median and reading on the shared logarithmic scale. */
function bullet(row: () => Compared): HTMLElement {
  const at = (value: number): string => `${(100 * rampLevel(Math.max(value, 0))).toFixed(1)}%`;
  return h('span', { class: 'bullet', 'aria-hidden': 'true' },
    h('i', { style: () => `left:${at(row().predicted.low)};right:calc(100% - ${at(row().predicted.high)})` }),
    h('b', { style: () => `left:${at(row().predicted.median)}` }),
    h('u', { hidden: () => row().measured === null, style: () => `left:${at(row().measured ?? 0)}` }));
}

function comparedRow(ctx: Context, item: { get(): Compared }, sensor: string): HTMLElement {
  const measured = (): string => {
    const row = item.get();
    if (row.measured === null) return qualityName(row.quality, '', false);
    const age_ms = row.measured_t === null ? null : Math.max(0, ctx.stores.now_ms.get() - row.measured_t);
    return `${conc(row.measured)} · ${age(age_ms)}${row.quality === 'good' ? '' : ` · ${qualityName(row.quality, '', false)}`}`;
  };
  return h('tr', { class: () => (item.get().outside ? 'is-outside' : ''), onclick: () => ctx.actions.flyTo('beam', sensor) },
    h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, sensor)),
    h('td', { class: 'num' }, measured),
    h('td', { class: 'num', title: () => bandWords(item.get()) }, () => conc(item.get().predicted.median)),
    h('td', {}, bullet(() => item.get()), h('span', { class: 'sr' }, () => bandWords(item.get()))),
    h('td', {}, h('span', { class: 'mark-outside', hidden: () => !item.get().outside, title: () => t('air.outside.tip') }, () => t('air.outside'))));
}

export function bandWords(row: { readonly predicted: { readonly low: number; readonly high: number } }): string {
  return t('air.band', { low: conc(row.predicted.low), high: conc(row.predicted.high) });
}

function comparison(ctx: Context): HTMLElement {
  const rows = (): readonly Compared[] => compare(nowcastOf(ctx));
  const body = h('tbody', {});
  each(body, rows, (row) => row.sensor, (item, sensor) => comparedRow(ctx, item, sensor));
  const head = (text: () => string, numeric = false): HTMLElement => h('th', { scope: 'col', class: numeric ? 'num' : '' }, text);
  return h('div', { class: 'air-compare', hidden: () => rows().length === 0 },
    h('h3', {}, () => t('air.compare')),
    h('p', { class: 'muted' }, () => {
      const { n, inside } = agreement(rows());
      return t('air.agree', { inside, n });
    }),
    h('table', { class: 'grid compared' },
      h('thead', {}, h('tr', {}, head(() => t('beams.beam')), head(() => t('air.measured'), true), head(() => t('air.modelled'), true), head(() => t('air.band.head')), head(() => ''))),
      body));
}

function arrivalRow(ctx: Context, item: { get(): Arrival }): HTMLElement {
  const percent = (): string => `${number(100 * item.get().probability, 0, language())} %`;
  return h('li', {},
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.flyTo('settlement', item.get().place) }, () => say(item.get().name) || nameOf(ctx.stores.scene.get(), item.get().place)),
    h('span', { class: 'chip' }, () => `L${item.get().level}`),
    h('b', {}, () => (item.get().lead_s === null ? '—' : t('air.lead', { n: Math.round((item.get().lead_s ?? 0) / 60) }))),
    h('span', { class: 'muted' }, percent));
}

function expected(ctx: Context): HTMLElement {
  const forecast = (): Forecast | null => forecastOf(ctx);
  const rows = (): readonly Arrival[] => [...(forecast()?.arrivals ?? [])].filter((row) => row.lead_s !== null && row.probability > 0)
    .sort((a, b) => b.probability - a.probability || (a.lead_s ?? 0) - (b.lead_s ?? 0)).slice(0, 6);
  const list = h('ul', { class: 'rows arrivals', hidden: () => rows().length === 0 });
  each(list, rows, (row) => `${row.place} ${row.level}`, (item) => arrivalRow(ctx, item));
  return h('div', { class: 'air-expected' },
    h('h3', {}, () => t('air.expected'), ' ', h('span', { class: 'chip forecast', hidden: () => forecast() === null }, () => t('air.forecast'))),
    h('p', { class: 'muted', hidden: () => forecast() === null }, () => {
      const found = forecast();
      return found ? `${hourMinute(ctx.stores.scene.get(), found.t)} · ${ago(Math.max(0, ctx.stores.now_ms.get() - found.t))} · ${t('air.wind', { wind: noteWords(found.wind) })}` : '';
    }),
    list,
    empty(() => t('air.expected.nobody'), () => forecast() === null || rows().length > 0),
    empty(() => t('air.expected.none'), () => forecast() !== null));
}

function validity(ctx: Context): HTMLElement {
  const notes = (): readonly string[] => [...new Set([...(nowcastOf(ctx)?.broken ?? []), ...(nowcastOf(ctx)?.notes ?? [])])];
  const list = h('ul', { class: 'notes' });
  each(list, notes, (text) => text, (_item, text) => h('li', {}, () => noteWords(text)));
  return h('div', { class: 'air-validity', hidden: () => notes().length === 0 }, h('h3', {}, () => t('air.validity')), list);
}

export function airPanel(ctx: Context): HTMLElement {
  const found = (): NowCast | null => nowcastOf(ctx);
  const head = h('p', { class: 'air-head' }, originChip(() => found()?.origin ?? 'modelled', true), ' ', () => {
    const row = found();
    return row ? `${hourMinute(ctx.stores.scene.get(), row.t)} · ${ago(Math.max(0, ctx.stores.now_ms.get() - row.t))} · ${row.solver}` : '';
  });
  return panel('air.title', [
    h('div', { hidden: () => found() === null }, head, mapChoice(ctx), expected(ctx), comparison(ctx), validity(ctx)),
    empty(() => t('air.none'), () => found() !== null),
  ], { className: 'air scroll', tools: h('span', { class: 'panel-tools' }, chooser(ctx)) });
}

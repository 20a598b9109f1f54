/** What the models say: the map on the ground, measured beside modelled, what is expected, trends, and what to mind. */

import { language, say, t, type Key } from '../i18n';
import { sourceOf, type GroundMap } from '../stores/air';
import { agreement, compare, type Compared } from '../stores/compare';
import { AIR_TOO_OLD_MS } from '../stores/limits';
import { signal } from '../stores/signal';
import { number } from '../units';
import type { Arrival, Forecast, NowCast } from '../wire_air';
import { comparedCells, comparedHead, outsideMark, residualsOf, residualWords } from './airbeam';
import { BANDS, leadWords } from './airmap';
import type { Context } from './context';
import { each, h, swap } from './dom';
import { noteWords } from './notes';
import { empty, originChip, pair, panel } from './panel';
import { chooser } from './plume';
import { age, ago, hourMinute, nameOf } from './words';

export type AirPart = 'map' | 'beams' | 'trend' | 'notes';
const PARTS: readonly (readonly [AirPart, Key])[] = [['map', 'air.part.map'], ['beams', 'air.part.beams'], ['trend', 'air.part.trend'], ['notes', 'air.part.notes']];

function nowcastOf(ctx: Context): NowCast | null {
  const { air, substance } = ctx.stores;
  return sourceOf({ kind: 'now', band: 'p50' }, substance.get(), air.nowcasts.get(), air.forecasts.get()) as NowCast | null;
}

function forecastOf(ctx: Context): Forecast | null {
  const { air, substance } = ctx.stores;
  return sourceOf({ kind: 'forecast', lead_s: 0, level: 1 }, substance.get(), air.nowcasts.get(), air.forecasts.get()) as Forecast | null;
}

/** The forecast, while it is none of the past. */
function freshForecast(ctx: Context): Forecast | null {
  const found = forecastOf(ctx);
  return found && ctx.stores.coarse_ms.get() - found.t <= AIR_TOO_OLD_MS ? found : null;
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
  const leads = (): readonly number[] => freshForecast(ctx)?.leads.map((row) => row.lead_s) ?? [];
  const levels = (): readonly number[] => freshForecast(ctx)?.leads[0]?.areas.map((row) => row.level) ?? [];
  const chosen = (): { lead_s: number; level: number } => {
    const map = groundMap.get();
    return map.kind === 'forecast' ? map : { lead_s: leads()[0] ?? 600, level: levels()[0] ?? 1 };
  };
  const steps = h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map.leads') });
  each(steps, leads, String, (item) => choice(() => leadWords(item.get()),
    () => { const map = groundMap.get(); return map.kind === 'forecast' && map.lead_s === item.get(); },
    () => groundMap.set({ kind: 'forecast', lead_s: item.peek(), level: chosen().level })));
  const degrees = h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map.levels') });
  each(degrees, levels, String, (item) => choice(() => `L${item.get()}`,
    () => { const map = groundMap.get(); return map.kind === 'forecast' && map.level === item.get(); },
    () => groundMap.set({ kind: 'forecast', lead_s: chosen().lead_s, level: item.peek() })));
  const mapped = (): boolean => (nowcastOf(ctx)?.url ?? '') !== '';
  return h('div', { class: 'air-map' },
    h('div', { class: 'segments', role: 'group', 'aria-label': () => t('air.map') },
      choice(() => t('air.map.off'), () => groundMap.get().kind === 'none', pick({ kind: 'none' })),
      ...BANDS.map(([band, name]) => choice(() => t(name), () => same(groundMap.get(), { kind: 'now', band }), pick({ kind: 'now', band }), () => !mapped()))),
    h('p', { class: 'empty', hidden: mapped }, () => t('air.map.none')),
    h('p', { class: 'empty', hidden: () => groundMap.get().kind !== 'forecast' || ctx.stores.air.shownMap.get() !== null }, () => t('air.forecast.none')),
    h('div', { class: 'air-later', hidden: () => leads().length === 0 },
      h('p', { class: 'air-chance' }, h('span', { class: 'chip forecast' }, () => t('air.forecast')), h('span', {}, () => t('air.map.chance')), degrees), steps));
}

function comparedRow(ctx: Context, item: { get(): Compared }, sensor: string): HTMLElement {
  return h('tr', { class: () => (item.get().outside ? 'is-outside' : ''), onclick: () => ctx.actions.flyTo('beam', sensor) },
    h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, sensor), outsideMark(() => item.get())),
    ...comparedCells(ctx, () => item.get()));
}

function comparison(ctx: Context): HTMLElement {
  const rows = (): readonly Compared[] => compare(nowcastOf(ctx));
  const body = h('tbody', {});
  each(body, rows, (row) => row.sensor, (item, sensor) => comparedRow(ctx, item, sensor));
  const residuals = residualsOf(ctx, () => nowcastOf(ctx)?.substance ?? null, (sensor) => sensor === null);
  return h('div', { class: 'air-compare', hidden: () => rows().length === 0 },
    h('h3', {}, () => t('air.compare')),
    h('p', { class: 'muted' }, () => agreed(ctx)),
    h('table', { class: 'grid compared' },
      comparedHead(() => t('beams.beam')),
      body),
    h('p', { class: 'caption muted' }, () => residualWords(residuals())));
}

function arrivalRow(ctx: Context, item: { get(): Arrival }): HTMLElement {
  const percent = (): string => `${number(100 * item.get().probability, 0, language())} %`;
  return h('li', {},
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.flyTo('settlement', item.get().place) }, () => say(item.get().name) || nameOf(ctx.stores.scene.get(), item.get().place)),
    h('span', { class: 'chip' }, () => `L${item.get().level}`),
    h('b', {}, () => (item.get().lead_s === null ? '—' : leadWords(item.get().lead_s ?? 0))),
    h('span', { class: 'muted' }, percent));
}

function expected(ctx: Context): HTMLElement {
  const forecast = (): Forecast | null => freshForecast(ctx);
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
  return h('div', { class: 'air-validity' },
    pair(() => t('plume.solver'), () => `${nowcastOf(ctx)?.solver ?? ''} · ${t('plume.inputs')} ${t('plume.inputs.n', { n: nowcastOf(ctx)?.inputs.length ?? 0 })}`),
    h('h3', { hidden: () => notes().length === 0 }, () => t('air.validity')), list);
}

/** Trends, curves and the rose: fetched with their code when they are first looked at. */
function trend(ctx: Context): HTMLElement {
  const code = signal<typeof import('./airtrend') | null>(null);
  const failed = signal<string | null>(null);
  import('./airtrend').then((found) => code.set(found), (error: unknown) => failed.set(String(error)));
  const box = h('div', { class: 'air-trend' });
  swap(box, () => (code.get() ? 'here' : (failed.get() ?? '')), () => {
    const found = code.peek();
    if (found) return found.airTrend(ctx, () => nowcastOf(ctx)?.substance ?? null);
    return empty(() => (failed.get() === null ? t('air.more') : t('air.more.failed', { why: failed.get() ?? '' })));
  });
  return box;
}

const MAKE: Readonly<Record<AirPart, (ctx: Context) => HTMLElement>> = {
  map: (ctx) => h('div', { class: 'air-part' }, mapChoice(ctx), expected(ctx)), beams: comparison, trend, notes: validity,
};

function head(ctx: Context): HTMLElement {
  const found = (): NowCast | null => nowcastOf(ctx);
  const age_ms = (): number => Math.max(0, ctx.stores.now_ms.get() - (found()?.t ?? 0));
  return h('div', {},
    h('p', { class: 'air-head' }, originChip(() => found()?.origin ?? 'modelled', true),
      h('span', {}, () => `${hourMinute(ctx.stores.scene.get(), found()?.t ?? 0)} · ${ago(age_ms())}`)),
    h('p', { class: 'warn', hidden: () => age_ms() <= AIR_TOO_OLD_MS }, () => t('air.old', { age: age(AIR_TOO_OLD_MS) })));
}

function agreed(ctx: Context): string {
  const { n, inside } = agreement(compare(nowcastOf(ctx)));
  return t('air.agree', { inside, n });
}

/** `all`: every part below the other; else one at a time, the first being `open`. */
export function airPanel(ctx: Context, open: AirPart | 'all' = 'map'): HTMLElement {
  const part = signal<AirPart>(open === 'all' ? 'map' : open);
  const tabs = h('div', { class: 'segments air-parts', role: 'group', 'aria-label': () => t('air.part') },
    ...PARTS.map(([id, name]) => choice(() => t(name), () => part.get() === id, () => part.set(id))));
  const one = h('div', { class: 'air-open' });
  if (open !== 'all') swap(one, () => part.get(), (id) => MAKE[id as AirPart](ctx));
  const body = open === 'all' ? PARTS.map(([id]) => MAKE[id](ctx)) : [tabs, one];
  return panel('air.title', [
    h('div', { class: 'air-body', hidden: () => nowcastOf(ctx) === null }, head(ctx), ...body),
    empty(() => t('air.none'), () => nowcastOf(ctx) !== null),
  ], { className: 'air scroll', tools: h('span', { class: 'panel-tools' }, chooser(ctx)) });
}

/** What is said over the picture of the map on the ground: its legend, and that a forecast is not now. */

import { language, say, t, type Key } from '../i18n';
import { drawable, levelOf, validAt_ms, type MapBand, type ShownMap } from '../stores/air';
import { AIR_TOO_OLD_MS } from '../stores/limits';
import { formula } from '../stores/scene_index';
import { number } from '../units';
import type { Context } from './context';
import { h } from './dom';
import { age, ago, conc, hourMinute, resultOrigin } from './words';

export const BANDS: readonly (readonly [MapBand, Key])[] = [['p05', 'air.map.p05'], ['p50', 'air.map.p50'], ['p95', 'air.map.p95']];

/** Ends and marks of the violet scale, which is logarithmic from 1 % to 100 %. */
const CHANCES = [0.01, 0.03, 0.1, 0.3, 1] as const;

export function gasName(ctx: Context, substance: string): string {
  const index = ctx.stores.scene.get();
  return index ? formula(index, substance) : substance;
}

export function leadWords(lead_s: number): string {
  return t('air.lead', { n: Math.round(lead_s / 60) });
}

/** The map that lies on the ground now. */
function drawn(ctx: Context): ShownMap | null {
  return drawable(ctx.stores.air.shownMap.get(), ctx.stores.coarse_ms.get());
}

const forecastOnly = (shown: ShownMap | null): ShownMap | null => (shown?.map.kind === 'forecast' ? shown : null);

/** `20:51 (+10 min)` of a forecast map. */
function moment(ctx: Context, shown: ShownMap): { readonly time: string; readonly lead: string } {
  const lead_s = shown.map.kind === 'forecast' ? shown.map.lead_s : 0;
  return { time: hourMinute(ctx.stores.scene.get(), validAt_ms(shown) ?? shown.source.t, false), lead: leadWords(lead_s) };
}

function levelWords(shown: ShownMap, long: boolean): string {
  const row = levelOf(shown);
  const level = shown.map.kind === 'forecast' ? `L${shown.map.level}` : '';
  if (!row) return level;
  return long ? `${level} ${say(row.name)} ${conc(row.conc_kg_m3)}` : `${level} ${conc(row.conc_kg_m3)}`;
}

function title(ctx: Context, shown: ShownMap): string {
  const { map, source } = shown;
  const name = gasName(ctx, source.substance);
  if (map.kind === 'forecast') return t('air.legend.chance', { name, level: levelWords(shown, true) });
  const band = BANDS.find(([id]) => map.kind === 'now' && map.band === id)?.[1];
  return t('air.legend.now', { name, band: band ? t(band) : '' });
}

function when(ctx: Context, shown: ShownMap): string {
  const index = ctx.stores.scene.get();
  const made = hourMinute(index, shown.source.t);
  const old = ago(Math.max(0, ctx.stores.now_ms.get() - shown.source.t));
  return shown.map.kind === 'forecast' ? `${t('air.legend.for', { ...moment(ctx, shown), made })} · ${old}` : `${made} · ${old}`;
}

/** Part of the legend: which map, of what moment, how old, from what; and its own scale where it is a forecast. */
export function mapLegend(ctx: Context): HTMLElement {
  const words = (make: (shown: ShownMap) => string) => (): string => {
    const shown = drawn(ctx);
    return shown ? make(shown) : '';
  };
  const top = Math.log10(1 / CHANCES[0]);
  const percent = (chance: number): string => `${number(100 * chance, 0, language())}%`;
  const place = (chance: number): string => `left:${((100 * Math.log10(chance / CHANCES[0])) / top).toFixed(1)}%`;
  return h('div', { class: () => `legend-map${forecastOnly(drawn(ctx)) ? ' is-forecast' : ''}`, hidden: () => drawn(ctx) === null },
    h('p', {}, h('span', { class: 'chip forecast', hidden: () => forecastOnly(drawn(ctx)) === null }, () => t('air.forecast')), ' ', words((shown) => title(ctx, shown))),
    h('div', { hidden: () => forecastOnly(drawn(ctx)) === null },
      h('div', { class: 'legend-bar legend-chance' }),
      h('div', { class: 'legend-ticks' }, ...CHANCES.map((chance) => h('span', { style: place(chance) }, () => percent(chance))))),
    h('p', {}, words((shown) => when(ctx, shown))),
    h('p', {}, words((shown) => resultOrigin(shown.source.origin))));
}

/** Stands over the picture while a forecast lies on the ground, and says when it was taken down for its age. */
export function forecastBadge(ctx: Context): HTMLElement {
  const { air, coarse_ms, scene } = ctx.stores;
  const shown = (): ShownMap | null => forecastOnly(drawn(ctx));
  const tooOld = (): ShownMap | null => (shown() === null && coarse_ms.get() > 0 ? forecastOnly(air.shownMap.get()) : null);
  const words = (): string => {
    const found = shown();
    return found ? t('air.forecast.badge', { ...moment(ctx, found), gas: gasName(ctx, found.source.substance), level: levelWords(found, false) }) : '';
  };
  const gone = (): string => {
    const found = tooOld();
    return found ? t('air.forecast.old', { time: hourMinute(scene.get(), found.source.t, false), age: age(AIR_TOO_OLD_MS) }) : '';
  };
  const off = (): HTMLElement => h('button', { type: 'button', class: 'text-button', onclick: () => air.groundMap.set({ kind: 'none' }) }, () => t('air.forecast.off'));
  return h('div', { class: 'over-forecast' },
    h('div', { class: 'forecast-badge', role: 'status', hidden: () => shown() === null }, h('b', {}, () => t('air.forecast')), h('span', {}, words), off()),
    h('div', { class: 'forecast-gone', role: 'status', hidden: () => tooOld() === null }, h('span', {}, gone), off()));
}

/** Whether a forecast lies on the ground. */
export function showsForecast(ctx: Context): boolean {
  return forecastOnly(drawn(ctx)) !== null;
}

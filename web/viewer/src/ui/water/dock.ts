/** Over the picture: what of the groundwater is shown, for which moment, in which colours. */

import { WATER_RAMP, type Origin } from '../../contract';
import { language } from '../../i18n';
import { tw } from '../../i18n/water';
import { backgroundOf, leadsOf, limitOf, scaleOf, shownRemedy, WATER_TOO_OLD_MS } from '../../stores/water_facts';
import { waterAhead } from '../../stores/water';
import { fieldRange } from '../../stores/water_field';
import { clockDate, fromSi, number, plain } from '../../units';
import type { Context } from '../context';
import { each, h } from '../dom';
import { originChip } from '../panel';
import { ago, hourMinute } from '../words';
import { nameOfShown, nowOf, substanceChooser, substanceOf, toggle } from './parts';
import { conc, leadName } from './words';

function date(ctx: Context): string {
  const now = nowOf(ctx);
  const offset = ctx.stores.scene.get()?.scene.utc_offset_h ?? 8;
  return now ? clockDate(now.t + ctx.stores.water.lead_s.get() * 1000, offset) : '';
}

/** Now and the leads ahead: a slider with one stop for each. */
function stops(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  const leads = (): readonly number[] => leadsOf(nowOf(ctx), substanceOf(ctx));
  const at = (): number => Math.max(0, leads().indexOf(water.lead_s.get()));
  const slider: HTMLInputElement = h('input', {
    type: 'range', class: 'time-slider water-slider', min: 0, max: () => Math.max(1, leads().length - 1), step: 1, 'aria-label': () => tw('time.label'),
    'aria-valuetext': () => leadName(water.lead_s.get()), style: () => `--share:${((100 * at()) / Math.max(1, leads().length - 1)).toFixed(1)}%`,
    oninput: (): void => water.lead_s.set(leads()[Number(slider.value)] ?? 0),
  });
  const follow = h('span', { hidden: true }, () => {
    const next = String(at());
    if (slider.value !== next) slider.value = next;
    return '';
  });
  const names = h('div', { class: 'water-stops' });
  each(names, leads, String, (item) => h('button', {
    type: 'button', 'aria-pressed': () => String(water.lead_s.get() === item.get()), onclick: () => water.lead_s.set(item.peek()),
  }, () => leadName(item.get())));
  return h('div', { class: 'water-time' }, slider, names, follow);
}

/** The ramp with its ticks and the limit. */
function ramp(ctx: Context): HTMLElement {
  const scale = (): ReturnType<typeof scaleOf> => scaleOf(nowOf(ctx), substanceOf(ctx));
  const share = (value: number): number => Math.log(value / scale().low) / Math.log(scale().high / scale().low);
  const ticks = (): readonly number[] => {
    const { low, high } = scale();
    const first = Math.ceil(Math.log10(fromSi(low, 'mg/L')) - 1e-9);
    const last = Math.floor(Math.log10(fromSi(high, 'mg/L')) + 1e-9);
    const one = 1 / fromSi(1, 'mg/L');
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => one * 10 ** (first + i));
  };
  const marks = h('div', { class: 'legend-ticks' });
  each(marks, ticks, String, (item) => h('span', { style: () => `left:${(100 * share(item.get())).toFixed(1)}%` }, () => plain(fromSi(item.get(), 'mg/L'), language())));
  return h('div', { class: 'water-ramp' },
    h('div', { class: 'legend-bar', style: `background:linear-gradient(90deg,${WATER_RAMP.join(',')})` },
      h('i', { class: 'water-limit', hidden: () => scale().limit === null, style: () => `left:${(100 * share(scale().limit ?? scale().low)).toFixed(1)}%`, title: () => tw('legend.limit', { limit: conc(scale().limit) }) })),
    marks);
}

function keys(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  const comparing = (): boolean => shownRemedy(water) !== null;
  const fieldWords = (): string => {
    const [grid, kind] = [water.grid.get(), water.field.get()];
    if (!grid || kind === 'none') return '';
    const [low, high] = fieldRange(grid, kind);
    const metres = (value: number): string => `${number(value, 2, language())} m`;
    return tw(kind === 'head' ? 'legend.head' : 'legend.drawdown', { low: metres(low), high: metres(high) });
  };
  return h('div', { class: () => `water-keys ${waterAhead(water) ? 'is-ahead' : ''}` },
    h('span', { hidden: comparing }, h('i', { class: 'key-line' }), () => tw('legend.line')),
    h('span', { hidden: comparing }, h('i', { class: 'key-sure' }), () => tw('legend.sure')),
    h('span', { hidden: comparing }, h('i', { class: 'key-maybe' }), () => tw('legend.maybe')),
    h('span', { hidden: () => backgroundOf(nowOf(ctx), substanceOf(ctx)) === 0 }, () => tw('legend.background', { value: conc(backgroundOf(nowOf(ctx), substanceOf(ctx))) })),
    h('span', { class: 'wide', hidden: () => !comparing() || water.dissolved.get() !== null }, () => tw('remedy.nobody')),
    h('span', { hidden: () => limitOf(nowOf(ctx), substanceOf(ctx)) === null }, h('i', { class: 'key-limit' }), () => tw('legend.limit', { limit: conc(limitOf(nowOf(ctx), substanceOf(ctx))) })),
    h('span', { class: 'wide', hidden: () => !comparing() }, () => tw('remedy.key')),
    h('span', { class: 'wide', hidden: () => fieldWords() === '' }, fieldWords));
}

/** While a remedy is compared: whose body and section are shown. */
function sides(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  const side = (before: boolean, key: 'remedy.before' | 'remedy.after'): HTMLElement =>
    toggle(() => tw(key), () => water.before.get() === before, () => water.before.set(before));
  return h('p', { class: 'water-sides', hidden: () => shownRemedy(water) === null },
    h('span', {}, () => tw('remedy.body')),
    h('span', { class: 'segments', role: 'group', 'aria-label': () => tw('remedy.body') }, side(true, 'remedy.before'), side(false, 'remedy.after')),
    h('small', { class: 'muted' }, () => {
      const lead_s = water.dissolved.get()?.volume.lead_s;
      return lead_s === undefined || lead_s === water.lead_s.get() ? '' : tw('remedy.lead', { lead: leadName(lead_s) });
    }));
}

/** Where what is shown comes from: a comparison may be an exercise. */
function origin(ctx: Context): Origin {
  const shown = shownRemedy(ctx.stores.water);
  if (shown) return shown.comparison.exercise ? 'exercise' : shown.comparison.origin;
  return nowOf(ctx)?.origin ?? 'modelled';
}

export function waterDock(ctx: Context): HTMLElement {
  const { stores } = ctx;
  const hidden = (): boolean => {
    const now = nowOf(ctx);
    return now === null || !stores.water.fronts.get() || stores.coarse_ms.get() - now.t > WATER_TOO_OLD_MS;
  };
  return h('div', { class: () => `water-dock${waterAhead(stores.water) ? ' is-forecast' : ''}`, hidden, role: 'group', 'aria-label': () => tw('title') },
    h('p', { class: 'water-dock-head' }, h('b', {}, () => `${tw('legend.title', { name: nameOfShown(ctx) })} mg/L`), h('span', { hidden: () => (nowOf(ctx)?.substances.length ?? 0) < 2 }, substanceChooser(ctx)),
      h('span', { class: 'chip forecast', hidden: () => !waterAhead(stores.water) }, () => tw('forecast')),
      h('span', { class: 'water-when' }, () => (waterAhead(stores.water) ? date(ctx) : ''))),
    sides(ctx), stops(ctx), ramp(ctx), keys(ctx),
    h('p', { class: 'water-made' }, originChip(() => origin(ctx), true), h('span', {}, () => {
      const now = nowOf(ctx);
      return now ? tw('asof', { time: hourMinute(stores.scene.get(), now.t, false), age: ago(Math.max(0, stores.now_ms.get() - now.t)) }) : '';
    })));
}

/** Stands over the picture while it shows none of now. */
export function waterBadge(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  return h('div', { class: 'forecast-badge water-badge', role: 'status', hidden: () => !waterAhead(water) || !water.fronts.get() },
    h('b', {}, () => tw('forecast')),
    h('span', {}, () => tw('forecast.badge', { name: nameOfShown(ctx), lead: leadName(water.lead_s.get()), date: date(ctx) })),
    h('button', { type: 'button', class: 'text-button', onclick: () => water.lead_s.set(0) }, () => tw('forecast.back')));
}

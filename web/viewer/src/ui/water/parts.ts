/** Small pieces of the groundwater's panel. */

import { tw, type WaterKey } from '../../i18n/water';
import { substanceIn } from '../../stores/water_facts';
import type { Band, WaterNow } from '../../wire_water';
import type { Context } from '../context';
import { h, s } from '../dom';
import { dissolvedName } from './words';

export function nowOf(ctx: Context): WaterNow | null {
  return ctx.stores.water.now.get();
}

export function substanceOf(ctx: Context): string | null {
  return substanceIn(nowOf(ctx), ctx.stores.water.substance.get());
}

export function nameOfShown(ctx: Context): string {
  return dissolvedName(ctx.stores.scene.get(), substanceOf(ctx));
}

export function toggle(text: () => string, pressed: () => boolean, act: () => void): HTMLElement {
  return h('button', { type: 'button', class: 'segment', 'aria-pressed': () => String(pressed()), onclick: act }, text);
}

/** Chooses among the substances of the now-cast. */
export function substanceChooser(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  const box = h('span', { class: 'water-substances', role: 'group', 'aria-label': () => tw('substance') });
  const all = (): readonly string[] => nowOf(ctx)?.substances ?? [];
  let last = '';
  const one = (id: string): HTMLElement => h('button', {
    type: 'button', class: 'tab-small', 'aria-pressed': () => String(substanceOf(ctx) === id), onclick: () => water.substance.set(id),
  }, () => dissolvedName(ctx.stores.scene.get(), id));
  // The list changes seldom: it is drawn anew as a whole.
  box.append(h('span', { hidden: true }, () => {
    const ids = all();
    const text = ids.join();
    if (text !== last) {
      last = text;
      queueMicrotask(() => box.replaceChildren(...ids.slice(0, 5).map(one)));
    }
    return '';
  }));
  return box;
}

export function table(className: string, heads: readonly (readonly [() => string, boolean])[], body: HTMLElement): HTMLElement {
  return h('table', { class: `grid ${className}` },
    h('thead', {}, h('tr', {}, ...heads.map(([text, numeric]) => h('th', { scope: 'col', class: numeric ? 'num' : '' }, text)))), body);
}

/** A band with its median on a scale from 0 to `top`; `at` bends the scale. */
export function bandBar(band: () => Band | null, at: (value: number) => number, className = ''): HTMLElement {
  const place = (value: number): string => `${(100 * Math.min(1, Math.max(0, at(value)))).toFixed(1)}%`;
  return h('span', { class: `bullet ${className}`, 'aria-hidden': 'true' },
    h('i', { style: () => `left:${place(band()?.low ?? 0)};right:calc(100% - ${place(band()?.high ?? 0)})` }),
    h('b', { hidden: () => band() === null, style: () => `left:${place(band()?.median ?? 0)}` }));
}

export interface CurvePlot {
  readonly t: readonly number[];
  readonly low: readonly (number | null)[];
  readonly median: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  readonly dots: readonly (readonly [number, number])[];
  readonly from: number;
  readonly to: number;
  readonly bottom: number;
  readonly top: number;
  readonly limit: number | null;
}

const WIDTH = 320;
const HEIGHT = 110;
const PAD = 4;

/** What was measured as dots over what was modelled as a band. */
export function curvePlot(plot: CurvePlot, label: string): SVGSVGElement {
  const x = (t: number): number => (WIDTH * (t - plot.from)) / Math.max(1, plot.to - plot.from);
  const y = (value: number): number => HEIGHT - PAD - ((HEIGHT - 2 * PAD) * (value - plot.bottom)) / Math.max(plot.top - plot.bottom, 1e-300);
  const path = (values: readonly (number | null)[]): string =>
    plot.t.map((t, i) => ((values[i] ?? null) === null ? '' : `${x(t).toFixed(1)} ${y(values[i] ?? 0).toFixed(1)}`)).filter((text) => text !== '').join('L');
  const back = plot.t.map((t, i) => `${x(t).toFixed(1)} ${y(plot.low[i] ?? plot.bottom).toFixed(1)}`).reverse().join('L');
  const limit = plot.limit !== null && plot.limit >= plot.bottom && plot.limit <= plot.top ? y(plot.limit) : null;
  return s('svg', { class: 'water-curve', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    s('path', { class: 'mini-axis', d: `M0 ${HEIGHT - PAD}H${WIDTH}M0 ${PAD}H${WIDTH}` }),
    plot.t.length > 0 ? s('path', { class: 'curve-band', d: `M${path(plot.high)}L${back}Z` }) : null,
    plot.t.length > 0 ? s('path', { class: 'curve-median', d: `M${path(plot.median)}${plot.t.length === 1 ? 'h6' : ''}` }) : null,
    limit === null ? null : s('path', { class: 'mini-mark limit-2', d: `M0 ${limit.toFixed(1)}H${WIDTH}` }),
    ...plot.dots.filter(([t]) => t >= plot.from && t <= plot.to).map(([t, v]) => s('path', { class: 'curve-dot', d: `M${x(t).toFixed(1)} ${y(v).toFixed(1)}h.01` })));
}

export function heading3(key: WaterKey): HTMLElement {
  return h('h3', {}, () => tw(key));
}

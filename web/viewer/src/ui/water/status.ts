/** What is going on in the groundwater, towards whom, and what of it is shown on the picture. */

import { say } from '../../i18n';
import { tw } from '../../i18n/water';
import { baselineOf, comparisonOf, cutAlong, frontAt, leadAt, middleOf, remediesOf, saved, urgent } from '../../stores/water_facts';
import type { WaterField } from '../../stores/water';
import type { WaterTarget } from '../../wire_water';
import type { Context } from '../context';
import { each, h } from '../dom';
import { empty } from '../panel';
import { bandBar, heading3, nowOf, substanceOf, toggle } from './parts';
import { arrivalBand, bandWords, conc, dissolvedName, massShown, percent, spreadSentence, targetSentence } from './words';

const YEAR_S = 365 * 86_400;
/** Layers are thin against the length of a section; the factor stands over the picture while it holds. */
const SECTION_EXAGGERATION = 4;
const THROUGH = 0.35;

/** Cuts the ground along the front that is shown and stands before it. */
export function cutPlume(ctx: Context): void {
  const { stores } = ctx;
  const now = stores.water.now.peek();
  const substance = substanceOf(ctx);
  const front = frontAt(now, substance, stores.water.lead_s.peek());
  const cut = cutAlong(front && front.median.length > 0 ? front.median : (front?.high ?? []));
  if (!cut) return;
  stores.section.set(cut);
  stores.exaggeration.update((factor) => (factor === 1 ? SECTION_EXAGGERATION : factor));
  stores.layers.update((old) => new Map(old).set('strata', { visible: true, opacity: 1 }));
  ctx.actions.showSection();
}

/** Looks from above at the front that is shown, far enough off to see all of it. */
export function flyToFront(ctx: Context): void {
  const { water } = ctx.stores;
  const front = frontAt(water.now.peek(), substanceOf(ctx), water.lead_s.peek());
  const middle = middleOf(front?.high ?? []);
  if (!front || !middle) return;
  const z = ctx.world.peek()?.ground(middle[0], middle[1]) ?? 0;
  const reach = Math.max(...front.high.flat().map(([x, y]) => Math.hypot(x - middle[0], y - middle[1])));
  const far = Math.max(260, reach * 2.6);
  ctx.actions.lookAt([middle[0], middle[1], z], [middle[0] + 0.12 * far, middle[1] - 0.62 * far, z + 0.9 * far]);
}

function through(ctx: Context): boolean {
  const ground = ctx.stores.layers.get().get('terrain');
  return ground !== undefined && (!ground.visible || ground.opacity < 0.995);
}

function setThrough(ctx: Context, on: boolean): void {
  ctx.stores.layers.update((old) => new Map(old).set('terrain', { visible: true, opacity: on ? THROUGH : 1 }));
}

/** What of the groundwater is drawn. */
export function shows(ctx: Context): HTMLElement {
  const { water } = ctx.stores;
  const field = (kind: WaterField, key: 'show.drawdown' | 'show.head'): HTMLElement => toggle(() => tw(key), () => water.field.get() === kind,
    () => water.field.update((held) => (held === kind ? 'none' : kind)));
  return h('div', { class: 'water-shows' },
    h('div', { class: 'segments', role: 'group', 'aria-label': () => tw('show') },
      toggle(() => tw('show.fronts'), () => water.fronts.get(), () => water.fronts.update((on) => !on)),
      toggle(() => tw('show.flow'), () => water.flow.get(), () => water.flow.update((on) => !on)),
      field('drawdown', 'show.drawdown'), field('head', 'show.head'),
      toggle(() => tw('show.upper'), () => water.upper.get(), () => water.upper.update((on) => !on))),
    h('div', { class: 'button-row' },
      h('button', { type: 'button', class: 'text-button', onclick: () => flyToFront(ctx) }, () => tw('show.fly')),
      h('button', { type: 'button', class: 'text-button', 'aria-pressed': () => String(ctx.stores.section.get() !== null), onclick: () => cutPlume(ctx) }, () => tw('show.section')),
      h('button', { type: 'button', class: 'text-button', 'aria-pressed': () => String(through(ctx)), onclick: () => setThrough(ctx, !through(ctx)) },
        () => tw(through(ctx) ? 'show.solid' : 'show.through'))));
}

/** One target: name, risk, arrival with its band, chance, peak. */
function targetRow(ctx: Context, item: { get(): WaterTarget }): HTMLElement {
  const look = (): void => {
    const { x_m, y_m } = item.get();
    const z = ctx.world.peek()?.ground(x_m, y_m) ?? 0;
    ctx.actions.lookAt([x_m, y_m, z], [x_m, y_m - 260, z + 240]);
  };
  const at = (seconds: number): number => Math.sqrt(seconds / YEAR_S);
  return h('li', { class: () => `target risk-${item.get().risk}` },
    h('div', { class: 'target-line' },
      h('button', { type: 'button', class: 'link', onclick: look }, () => say(item.get().name)),
      h('span', { class: () => `chip risk-${item.get().risk}` }, () => tw(`risk.${item.get().risk}`)),
      h('span', { class: 'chip', hidden: () => item.get().response === null }, () => tw('target.response', { level: item.get().response ?? '' })),
      h('b', {}, () => arrivalBand(item.get()))),
    bandBar(() => item.get().arrival_s, at, 'bullet-wide'),
    h('small', { class: 'muted' }, () => {
      const row = item.get();
      const name = dissolvedName(ctx.stores.scene.get(), row.substance);
      return [name, tw('target.chance', { p: percent(row.probability_365d) }), tw('target.peak', { peak: bandWords(row.peak_kg_m3, (value) => ({ text: conc(value), unit: '' })), limit: conc(row.limit_kg_m3) })].join(' · ');
    }));
}

export function targetList(ctx: Context, most: number): HTMLElement {
  const rows = (): readonly WaterTarget[] => urgent(nowOf(ctx)?.targets ?? [], substanceOf(ctx)).slice(0, most);
  const list = h('ul', { class: 'rows targets' });
  each(list, rows, (row) => `${row.id} ${row.substance}`, (item) => targetRow(ctx, item));
  return h('div', {}, heading3('targets.title'), list, empty(() => tw('targets.none'), () => rows().length > 0));
}

/** The proposed remedy, where there is one. */
function proposal(ctx: Context): string {
  const comparison = comparisonOf(ctx.stores.water.comparisons.get(), substanceOf(ctx));
  const best = remediesOf(comparison).find((row) => row.id === comparison?.best);
  if (!best) return '';
  const share = saved(leadAt(best, YEAR_S), leadAt(baselineOf(comparison), YEAR_S), 'area_m2');
  return `${tw('sit.best')}: ${say(best.name)}${share === null || share <= 0 ? '' : ` (${tw('remedy.area')} ${tw('remedy.saved', { p: percent(share) })})`}`;
}

export function status(ctx: Context): HTMLElement {
  const { water, scene } = ctx.stores;
  const sentence = (make: (now: NonNullable<ReturnType<typeof nowOf>>) => string) => (): string => {
    const now = nowOf(ctx);
    return now ? make(now) : '';
  };
  const risk = (): string => urgent(nowOf(ctx)?.targets ?? [], substanceOf(ctx))[0]?.risk ?? 'none';
  return h('div', { class: 'water-part' },
    h('div', { class: () => `water-said risk-${risk()}`, role: 'status' },
      h('p', {}, sentence((now) => spreadSentence(scene.get(), now, substanceOf(ctx), water.lead_s.get()))),
      h('p', {}, sentence((now) => targetSentence(now, substanceOf(ctx)))),
      h('p', { class: 'muted' }, sentence((now) => {
        const held = now.mass_now_kg[substanceOf(ctx) ?? ''];
        return held ? tw('sit.mass', { mass: bandWords(held, massShown) }) : '';
      })),
      h('p', { hidden: () => proposal(ctx) === '' }, () => proposal(ctx))),
    shows(ctx),
    targetList(ctx, 5));
}

/** What is going on in the groundwater, towards whom, and what of it is shown on the picture. */

import { language, say } from '../../i18n';
import { tw } from '../../i18n/water';
import { baselineOf, bodies, comparisonOf, cutAlong, frontAt, leadAt, middleOf, remediesOf, riskCount, saved, standing, urgent } from '../../stores/water_facts';
import type { WaterField } from '../../stores/water';
import type { Rings, WaterTarget, WaterWarning } from '../../wire_water';
import type { Context } from '../context';
import { each, h } from '../dom';
import { empty } from '../panel';
import { ago } from '../words';
import { alertWords } from './alert';
import { bandBar, heading3, nowOf, substanceOf, toggle } from './parts';
import { arrivalBand, bandWords, conc, dissolvedName, massShown, percent, spreadSentence, targetSentence } from './words';

const YEAR_S = 365 * 86_400;
/** Layers are thin against the length of a section; the factor stands over the picture while it holds. */
const SECTION_EXAGGERATION = 4;
const THROUGH = 0.28;

function ringsShown(ctx: Context): Rings {
  const { water } = ctx.stores;
  const front = frontAt(water.now.peek(), substanceOf(ctx), water.lead_s.peek());
  return bodies(front && front.median.length > 0 ? front.median : (front?.high ?? []));
}

/** Cuts the ground along the largest plume and stands before it; asked again, along the next one. */
export function cutPlume(ctx: Context): void {
  const { stores } = ctx;
  const cuts = ringsShown(ctx).flatMap((ring) => cutAlong([ring]) ?? []);
  const before = cuts.findIndex((cut) => JSON.stringify(cut) === JSON.stringify(stores.section.peek()));
  const cut = cuts[(before + 1) % Math.max(1, cuts.length)];
  if (!cut) return;
  stores.section.set(cut);
  stores.exaggeration.update((factor) => (factor === 1 ? SECTION_EXAGGERATION : factor));
  stores.layers.update((old) => new Map(old).set('strata', { visible: true, opacity: 1 }));
  ctx.actions.showSection();
}

/** Looks from above at the largest plume; asked again, at the next one. */
export function flyToFront(ctx: Context): void {
  const rings = ringsShown(ctx);
  const at = ctx.stores.camera.peek()?.target;
  const near = (ring: Rings[number]): boolean => {
    const middle = middleOf([ring]);
    return at !== undefined && middle !== null && Math.hypot(middle[0] - at[0], middle[1] - at[1]) < 2 + 0.6 * Math.max(...ring.map(([x, y]) => Math.hypot(x - middle[0], y - middle[1])));
  };
  const ring = rings[(rings.findIndex(near) + 1) % Math.max(1, rings.length)];
  const middle = ring ? middleOf([ring]) : null;
  if (!ring || !middle) return;
  const z = ctx.world.peek()?.ground(middle[0], middle[1]) ?? 0;
  const reach = Math.max(...ring.map(([x, y]) => Math.hypot(x - middle[0], y - middle[1])));
  const far = Math.max(260, reach * 4.4);
  // The legend stands below the middle of the picture: the plume keeps clear of it.
  const south = middle[1] - 0.12 * far;
  ctx.actions.lookAt([middle[0], south, z], [middle[0] + 0.08 * far, south - 0.5 * far, z + 0.9 * far]);
}

/** Leaves the section as it was before. */
function uncut(ctx: Context): void {
  ctx.stores.section.set(null);
  ctx.stores.exaggeration.update((factor) => (factor === SECTION_EXAGGERATION ? 1 : factor));
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
      h('button', { type: 'button', class: 'text-button', hidden: () => ctx.stores.section.get() === null, onclick: () => uncut(ctx) }, () => tw('show.uncut')),
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

/** Targets that something is expected of, one by one; the others in one sentence. */
export function targetList(ctx: Context, most: number): HTMLElement {
  const all = (): readonly WaterTarget[] => urgent(nowOf(ctx)?.targets ?? [], substanceOf(ctx));
  const pressing = (row: WaterTarget): boolean => row.risk !== 'none' || row.arrival_s !== null;
  const rows = (): readonly WaterTarget[] => all().filter(pressing).slice(0, most);
  const rest = (): string => all().filter((row) => !pressing(row)).map((row) => say(row.name)).join(language() === 'zh' ? '、' : ', ');
  const list = h('ul', { class: 'rows targets' });
  each(list, rows, (row) => `${row.id} ${row.substance}`, (item) => targetRow(ctx, item));
  return h('div', {}, heading3('targets.title'), list,
    h('p', { class: 'muted', hidden: () => rest() === '' }, () => tw('targets.rest', { names: rest() })), empty(() => tw('targets.none'), () => all().length > 0));
}

/** The proposed remedy, where there is one. */
function proposal(ctx: Context): string {
  const comparison = comparisonOf(ctx.stores.water.comparisons.get(), substanceOf(ctx));
  if (comparison && comparison.options.length > 0 && comparison.best === comparison.baseline) return `${tw('sit.best')}: ${tw('remedy.wait')}`;
  const best = remediesOf(comparison).find((row) => row.id === comparison?.best);
  if (!best) return '';
  const share = saved(leadAt(best, YEAR_S), leadAt(baselineOf(comparison), YEAR_S), 'area_m2');
  const targets = (riskCount(leadAt(baselineOf(comparison), YEAR_S)) ?? 0) - (riskCount(leadAt(best, YEAR_S)) ?? 0);
  const parts = [
    targets > 0 ? tw('remedy.saves', { n: targets }) : tw('remedy.saves.none'),
    ...(share === null || Math.abs(share) < 0.005 ? [] : [`${tw('remedy.area')} ${share > 0 ? '−' : '+'}${percent(Math.abs(share))}`]),
  ];
  return `${tw('sit.best')}: ${say(best.name)} (${parts.join(language() === 'zh' ? '，' : ', ')})`;
}

/** What forecasts have raised and not taken back. */
function warned(ctx: Context): HTMLElement {
  const rows = (): readonly WaterWarning[] => standing(ctx.stores.water.warnings.get()).slice(0, 3);
  const list = h('ul', { class: 'rows water-warnings', hidden: () => rows().length === 0 });
  each(list, rows, (row) => `${row.run} ${row.k}`, (item) => h('li', { class: () => `risk-${item.get().risk ?? 'low'}` },
    h('span', { class: () => `chip risk-${item.get().risk ?? 'low'}` }, () => (item.get().response === null ? tw('warning') : tw('target.response', { level: item.get().response ?? '' }))),
    h('span', {}, () => alertWords(item.get(), ctx.stores.scene.get(), ctx.stores.replay.get() ? null : nowOf(ctx))),
    h('small', { class: 'muted' }, () => ago(Math.max(0, ctx.stores.now_ms.get() - item.get().t)))));
  return list;
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
    warned(ctx),
    targetList(ctx, 4),
    shows(ctx));
}

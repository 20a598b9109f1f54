/** Where the water and what is dissolved in it come from and go to. */

import { language } from '../../i18n';
import { tw } from '../../i18n/water';
import { imbalance } from '../../stores/water_facts';
import { number } from '../../units';
import { perDay } from '../../units_water';
import type { WaterNow } from '../../wire_water';
import type { Context } from '../context';
import { each, h } from '../dom';
import { empty } from '../panel';
import { heading3, nameOfShown, nowOf, substanceOf, table } from './parts';
import { bandWords, massShown, termName } from './words';

type WaterRow = WaterNow['budget'][number];
type MassRow = WaterNow['mass'][number];

/** In to the right of the middle, out to the left of it. */
function twoWay(came: () => number, went: () => number, most: () => number): HTMLElement {
  const share = (value: number): string => `${(50 * Math.min(1, value / Math.max(most(), 1e-300))).toFixed(1)}%`;
  return h('span', { class: 'two-way', 'aria-hidden': 'true' },
    h('i', { class: 'way-out', style: () => `right:50%;width:${share(went())}` }), h('i', { class: 'way-in', style: () => `left:50%;width:${share(came())}` }));
}

function waterBudget(ctx: Context): HTMLElement {
  const rows = (): readonly WaterRow[] => nowOf(ctx)?.budget ?? [];
  const most = (): number => Math.max(0, ...rows().flatMap((row) => [row.in_m3_s, row.out_m3_s]));
  const text = (value: number): string => (value === 0 ? '—' : perDay(value, language()).text);
  const body = h('tbody', {});
  each(body, rows, (row) => row.name, (item, name) => h('tr', {},
    h('th', { scope: 'row' }, () => termName(ctx.stores.scene.get(), name)),
    h('td', { class: 'num' }, () => text(item.get().in_m3_s)), h('td', {}, twoWay(() => item.get().in_m3_s, () => item.get().out_m3_s, most)),
    h('td', { class: 'num' }, () => text(item.get().out_m3_s))));
  const error = (): string => {
    const share = imbalance(rows());
    return share === null ? '' : tw('budget.error', { n: nowOf(ctx)?.members ?? 0, p: `${number(100 * share, Math.abs(share) < 1e-3 ? 4 : 2, language())} %` });
  };
  return h('div', {}, heading3('budget.water'),
    table('budget', [[() => tw('budget.term'), false], [() => `${tw('budget.in')} m³/d`, true], [() => '', false], [() => `${tw('budget.out')} m³/d`, true]], body),
    h('p', { class: 'muted' }, error), empty(() => tw('budget.none'), () => rows().length > 0));
}

function massBudget(ctx: Context): HTMLElement {
  const rows = (): readonly MassRow[] => (nowOf(ctx)?.mass ?? []).filter((row) => row.substance === substanceOf(ctx));
  const most = (): number => Math.max(0, ...rows().flatMap((row) => [row.in_kg, row.out_kg]));
  const text = (kg: number): string => (kg === 0 ? '—' : `${massShown(kg).text} ${massShown(kg).unit}`);
  const body = h('tbody', {});
  each(body, rows, (row) => row.name, (item, name) => h('tr', {},
    h('th', { scope: 'row' }, () => termName(ctx.stores.scene.get(), name)),
    h('td', { class: 'num' }, () => text(item.get().in_kg)), h('td', {}, twoWay(() => item.get().in_kg, () => item.get().out_kg, most)),
    h('td', { class: 'num' }, () => text(item.get().out_kg))));
  return h('div', {}, h('h3', {}, () => `${tw('budget.mass')} · ${nameOfShown(ctx)}`),
    h('p', {}, () => {
      const held = nowOf(ctx)?.mass_now_kg[substanceOf(ctx) ?? ''];
      return held ? `${tw('budget.now', { mass: bandWords(held, massShown) })} · ${tw('band95')}` : '';
    }),
    h('div', { hidden: () => rows().length === 0 },
      table('budget', [[() => tw('budget.term'), false], [() => tw('budget.in'), true], [() => '', false], [() => tw('budget.out'), true]], body),
      h('p', { class: 'muted' }, () => tw('budget.since'))),
    empty(() => tw('budget.none'), () => rows().length > 0));
}

export function budget(ctx: Context): HTMLElement {
  return h('div', { class: 'water-part' }, waterBudget(ctx), massBudget(ctx));
}

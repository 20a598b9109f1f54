/** How far the fronts go, lead by lead, and how deep. */

import { language } from '../../i18n';
import { tw } from '../../i18n/water';
import { frontsOf, nearest } from '../../stores/water_facts';
import { effect } from '../../stores/signal';
import { number } from '../../units';
import type { Front, WaterNow } from '../../wire_water';
import type { Context } from '../context';
import { each, h, s } from '../dom';
import { empty } from '../panel';
import { bandBar, heading3, nowOf, substanceOf, table } from './parts';
import { targetList } from './status';
import { areaShown, bandWords, leadName, lengthShown } from './words';

function frontRow(ctx: Context, item: { get(): Front; peek(): Front }, most: () => number): HTMLElement {
  const { water } = ctx.stores;
  return h('tr', { class: () => (water.lead_s.get() === item.get().lead_s ? 'is-chosen' : ''), onclick: () => water.lead_s.set(item.peek().lead_s) },
    h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, () => leadName(item.get().lead_s))),
    h('td', { class: 'num' }, () => bandWords(item.get().area_m2, areaShown), bandBar(() => item.get().area_m2, (value) => value / most(), 'bullet-wide')),
    h('td', { class: 'num' }, () => bandWords(item.get().reach_m, lengthShown)));
}

type Profile = WaterNow['vertical'][number];

function centreDepth(row: Profile): number | null {
  const total = row.mass_kg.reduce((sum, value) => sum + value, 0);
  return total > 0 ? row.mass_kg.reduce((sum, value, i) => sum + value * Math.abs(row.depth_m[i] ?? 0), 0) / total : null;
}

const WIDTH = 300;
const BAR = 9;
const LEFT = 34;

/** Mass by depth: bars of the shown moment, the outline of now over them. */
function verticalFigure(now: Profile, then: Profile): HTMLElement {
  const most = Math.max(...now.mass_kg, ...then.mass_kg, 1e-12);
  const rows = then.depth_m.length;
  const x = (kg: number): number => LEFT + ((WIDTH - LEFT - 4) * kg) / most;
  const every = Math.max(1, Math.ceil(rows / 6));
  const line = now.mass_kg.map((kg, i) => `${x(kg).toFixed(1)} ${i * BAR}V${(i + 1) * BAR}`).join('H').replaceAll('H', 'L');
  const depth = (value: number): string => number(Math.abs(value), 0, language());
  return h('figure', { class: 'trend-figure' },
    s('svg', { class: 'vertical', viewBox: `0 0 ${WIDTH} ${rows * BAR + 2}`, role: 'img', 'aria-label': tw('vertical.title') },
      ...then.mass_kg.map((kg, i) => s('rect', { x: LEFT, y: i * BAR + 0.8, width: Math.max(0, x(kg) - LEFT), height: BAR - 1.6, class: 'vertical-bar' })),
      s('path', { d: `M${line}`, class: 'vertical-now' }),
      ...then.depth_m.flatMap((value, i) => (i % every === 0 ? [s('text', { x: LEFT - 5, y: i * BAR + BAR - 1, class: 'vertical-depth' }, depth(value))] : []))),
    h('small', { class: 'muted' }, `${tw('vertical.depth')} · ${centreWords(now, then)}`));
}

function centreWords(now: Profile, then: Profile): string {
  const [a, b] = [centreDepth(now), centreDepth(then)];
  const metres = (value: number | null): string => (value === null ? '—' : `${number(value, 1, language())} m`);
  return tw('vertical.centre', { now: metres(a), then: metres(b) });
}

function vertical(ctx: Context): HTMLElement {
  const box = h('div', {});
  const rows = (): readonly Profile[] => (nowOf(ctx)?.vertical ?? []).filter((row) => row.substance === substanceOf(ctx));
  effect(() => {
    language();
    const [now, then] = [nearest(rows(), 0), nearest(rows(), ctx.stores.water.lead_s.get())];
    box.replaceChildren(...(now && then ? [verticalFigure(now, then)] : []));
  });
  return h('div', { hidden: () => rows().length === 0 }, h('h3', {}, () => `${tw('vertical.title')} · ${leadName(nearest(rows(), ctx.stores.water.lead_s.get())?.lead_s ?? 0)}`), box);
}

export function fronts(ctx: Context): HTMLElement {
  const rows = (): readonly Front[] => frontsOf(nowOf(ctx), substanceOf(ctx));
  const most = (): number => Math.max(1, ...rows().map((row) => row.area_m2.high));
  const body = h('tbody', {});
  each(body, rows, (row) => String(row.lead_s), (item) => frontRow(ctx, item, most));
  return h('div', { class: 'water-part' }, heading3('fronts.title'),
    table('fronts', [[() => tw('fronts.lead'), false], [() => tw('fronts.area'), true], [() => tw('fronts.reach'), true]], body),
    empty(() => tw('none'), () => rows().length > 0),
    vertical(ctx), targetList(ctx, 3));
}

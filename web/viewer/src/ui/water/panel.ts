/** The groundwater's panel: one part at a time under its head. */

import { tw, type WaterKey } from '../../i18n/water';
import { signal } from '../../stores/signal';
import { WATER_TOO_OLD_MS } from '../../stores/water_facts';
import type { Context } from '../context';
import { h, swap } from '../dom';
import { empty, originChip } from '../panel';
import { age, ago, hourMinute } from '../words';
import { budget } from './budget';
import { fronts } from './fronts';
import { notes } from './notes';
import { nowOf, substanceChooser, toggle } from './parts';
import { remedies } from './remedies';
import { status } from './status';
import { wells } from './wells';

const PARTS = { status, wells, fronts, budget, remedy: remedies, notes } as const;
type Part = keyof typeof PARTS;
const NAMES: readonly (readonly [Part, WaterKey])[] = [
  ['status', 'part.status'], ['fronts', 'part.fronts'], ['wells', 'part.wells'], ['remedy', 'part.remedy'], ['budget', 'part.budget'], ['notes', 'part.notes'],
];

function head(ctx: Context): HTMLElement {
  const age_ms = (): number => Math.max(0, ctx.stores.now_ms.get() - (nowOf(ctx)?.t ?? 0));
  return h('div', {},
    h('p', { class: 'air-head' }, originChip(() => nowOf(ctx)?.origin ?? 'modelled', true),
      h('span', {}, () => tw('asof', { time: hourMinute(ctx.stores.scene.get(), nowOf(ctx)?.t ?? 0, false), age: ago(age_ms()) })), substanceChooser(ctx)),
    h('p', { class: 'warn', hidden: () => age_ms() <= WATER_TOO_OLD_MS }, () => tw('old', { age: age(WATER_TOO_OLD_MS) })));
}

export function waterBody(ctx: Context, open: string): HTMLElement {
  const part = signal<Part>(Object.hasOwn(PARTS, open) ? (open as Part) : 'status');
  const tabs = h('div', { class: 'segments water-parts', role: 'group', 'aria-label': () => tw('part') },
    ...NAMES.map(([id, name]) => toggle(() => tw(name), () => part.get() === id, () => part.set(id))));
  const one = h('div', { class: 'water-open' });
  swap(one, () => part.get(), (id) => PARTS[id as Part](ctx));
  return h('div', {},
    h('div', { hidden: () => nowOf(ctx) === null }, head(ctx), tabs, one),
    empty(() => tw('none'), () => nowOf(ctx) !== null));
}

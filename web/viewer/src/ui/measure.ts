/** Measures in the 3D view: distance, area, height. */

import type { MeasureKind, MeasureResult } from '../contract';
import { language, t } from '../i18n';
import { onStop, signal } from '../stores/signal';
import { area, join, length } from '../units';
import type { Context } from './context';
import { h } from './dom';

const KINDS: readonly MeasureKind[] = ['distance', 'area', 'height'];

function words(result: MeasureResult): string {
  return join(result.kind === 'area' ? area(result.value, language()) : length(result.value, language()));
}

export function measureTool(ctx: Context): HTMLElement {
  const kind = signal<MeasureKind | null>(null);
  const result = signal<MeasureResult | null>(null);
  const start = (next: MeasureKind | null): void => {
    kind.set(next);
    result.set(null);
    ctx.world.peek()?.measure(next, (found) => result.set(found));
  };
  onStop(() => ctx.world.peek()?.measure(null, () => undefined));
  return h('div', { class: 'measure-tool' },
    h('div', { class: 'button-row' }, ...KINDS.map((one) => h('button', {
      type: 'button', class: 'text-button', 'aria-pressed': () => String(kind.get() === one), onclick: () => start(kind.peek() === one ? null : one),
    }, () => t(`measure.${one}`)))),
    h('p', { class: 'muted caption', hidden: () => kind.get() === null }, () => t('measure.hint')),
    h('p', { class: 'measure-value', role: 'status', hidden: () => result.get() === null },
      h('b', {}, () => {
        const found = result.get();
        return found ? words(found) : '';
      }),
      h('small', { class: 'muted' }, () => {
        const found = result.get();
        if (!found) return '';
        const slope = found.slope_m === undefined ? '' : ` · ${t('measure.slope', { value: join(length(found.slope_m, language())) })}`;
        return ` ${t('measure.points', { n: found.points.length })}${slope}`;
      })));
}

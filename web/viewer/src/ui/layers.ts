/** Layer tree: what is drawn, how opaque, how much the heights are drawn out. */

import type { LayerId } from '../contract';
import { t, type Key } from '../i18n';
import { firstLayers } from '../stores/stores';
import type { Context } from './context';
import { h } from './dom';

const GROUPS: readonly (readonly [Key, readonly LayerId[]])[] = [
  ['layers.group.live', ['beams', 'stations', 'wind', 'plume', 'labels']],
  ['layers.group.park', ['areas', 'plots', 'buildings', 'tanks', 'units', 'settlements']],
  ['layers.group.ground', ['terrain', 'roads', 'waters', 'grid']],
  ['layers.group.under', ['fronts', 'waterplume', 'wells', 'strata', 'watertable']],
];

function layerRow(ctx: Context, id: LayerId): HTMLElement {
  const { layers } = ctx.stores;
  const look = (): { visible: boolean; opacity: number } => layers.get().get(id) ?? { visible: true, opacity: 1 };
  const change = (next: Partial<{ visible: boolean; opacity: number }>): void =>
    layers.update((old) => new Map(old).set(id, { ...(old.get(id) ?? { visible: true, opacity: 1 }), ...next }));
  const box: HTMLInputElement = h('input', { type: 'checkbox', checked: () => look().visible, onchange: (): void => change({ visible: box.checked }) });
  const slider: HTMLInputElement = h('input', {
    type: 'range', min: 0.1, max: 1, step: 0.05, value: () => String(look().opacity), disabled: () => !look().visible,
    'aria-label': () => t('layers.opacity', { name: t(`layer.${id}`) }), oninput: (): void => change({ opacity: Number(slider.value) }),
  });
  return h('div', { class: 'layer' }, h('label', {}, box, h('span', {}, () => t(`layer.${id}`))), slider,
    h('output', {}, () => `${Math.round(look().opacity * 100)}%`));
}

/** Slider of the vertical exaggeration, one to five times. */
export function exaggerationRow(ctx: Context): HTMLElement {
  const { exaggeration } = ctx.stores;
  const slider: HTMLInputElement = h('input', {
    type: 'range', min: 1, max: 5, step: 0.5, value: () => String(exaggeration.get()), 'aria-label': () => t('layers.exaggeration'),
    oninput: (): void => exaggeration.set(Number(slider.value)),
  });
  return h('div', { class: 'layer' }, h('span', {}, () => t('layers.exaggeration')), slider, h('output', {}, () => `×${exaggeration.get()}`));
}

export function layerTree(ctx: Context): HTMLElement {
  const { stores } = ctx;
  return h('div', { class: 'layer-tree' },
    ...GROUPS.map(([title, ids]) => h('fieldset', {}, h('legend', {}, () => t(title)), ...ids.map((id) => layerRow(ctx, id)))),
    exaggerationRow(ctx),
    h('button', {
      type: 'button', class: 'text-button', onclick: () => {
        stores.layers.set(firstLayers());
        stores.exaggeration.set(1);
      },
    }, () => t('layers.reset')));
}

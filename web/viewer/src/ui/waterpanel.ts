/** Places of the groundwater's screens; they are filled when their code has come. */

import { t } from '../i18n';
import type { Context, WaterScreens } from './context';
import { h, swap } from './dom';
import { empty, panel } from './panel';

/** Fills `box` with what `make` gives of the screens, once they are there. */
function filled<T extends HTMLElement>(ctx: Context, box: T, make: (screens: WaterScreens) => HTMLElement, waiting: () => Node | null): T {
  swap(box, () => (ctx.water.get() ? 'here' : ''), () => {
    const screens = ctx.water.peek();
    return screens ? make(screens) : waiting();
  });
  return box;
}

export function waterPanel(ctx: Context, open = 'status'): HTMLElement {
  const body = filled(ctx, h('div', { class: 'water-body' }), (screens) => screens.body(ctx, open), () => empty(() => t('air.more')));
  return panel('panel.tab.water', [body], { className: 'water scroll' });
}

export function waterDock(ctx: Context): HTMLElement {
  return filled(ctx, h('div', { class: 'over-water' }), (screens) => screens.dock(ctx), () => null);
}

export function waterAlert(ctx: Context): HTMLElement {
  return filled(ctx, h('div', { class: 'over-water' }), (screens) => screens.alert(ctx), () => null);
}

export function waterBanner(ctx: Context): HTMLElement {
  return filled(ctx, h('div', { class: 'over-forecast' }), (screens) => screens.banner(ctx), () => null);
}

export function waterBadge(ctx: Context): HTMLElement {
  return filled(ctx, h('div', { class: 'over-forecast' }), (screens) => screens.badge(ctx), () => null);
}

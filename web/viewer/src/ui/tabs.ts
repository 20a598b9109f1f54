/** Several panels in one place, one of them open. */

import { t, type Key } from '../i18n';
import { signal } from '../stores/signal';
import { airPanel } from './air';
import { beamsPanel, exceedancePanel } from './beams';
import type { Context } from './context';
import { h, swap } from './dom';
import { plumePanel } from './plume';
import { devicesPanel, sightPanel, strataPanel, wellsPanel } from './tables';
import { waterPanel } from './waterpanel';
import { windPanel } from './wind';

const MAKE = {
  exceed: exceedancePanel, beams: beamsPanel, wind: windPanel, plume: plumePanel, air: airPanel, water: waterPanel, wells: wellsPanel, devices: devicesPanel,
  sight: sightPanel, strata: strataPanel,
} as const;

const NAMES: Readonly<Record<PanelId, Key>> = {
  exceed: 'exc.title', beams: 'panel.tab.beams', wind: 'panel.tab.wind', plume: 'panel.tab.plume', air: 'panel.tab.air', water: 'panel.tab.water', wells: 'panel.tab.wells',
  devices: 'panel.tab.devices', sight: 'panel.tab.sight', strata: 'panel.tab.strata',
};

export type PanelId = keyof typeof MAKE;

/** A panel with tabs in its head; arrow keys move between the tabs. */
export function tabbed(ctx: Context, ids: readonly PanelId[]): HTMLElement {
  const open = signal<PanelId>(ids[0] ?? 'beams');
  const move = (by: number): void => {
    const next = ids[(ids.indexOf(open.peek()) + by + ids.length) % ids.length];
    if (next) open.set(next);
    queueMicrotask(() => list.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };
  const list = h('div', {
    class: 'tabs', role: 'tablist', 'aria-label': () => t('tabs.label'),
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      event.stopPropagation();
      move(event.key === 'ArrowLeft' ? -1 : 1);
    },
  }, ...ids.map((id) => h('button', {
    type: 'button', role: 'tab', 'aria-selected': () => String(open.get() === id), tabindex: () => (open.get() === id ? 0 : -1), onclick: () => open.set(id),
  }, () => t(NAMES[id]))));
  const body = h('div', { class: 'tab-body', role: 'tabpanel' });
  swap(body, () => open.get(), (id) => MAKE[id as PanelId](ctx));
  return h('div', { class: 'tabbed' }, list, body);
}

/** The wall: everything at once, in columns beside the 3D view; more columns on wider walls. */

import type { Context } from '../ui/context';
import { beamsPanel, exceedancePanel } from '../ui/beams';
import { curvePanel } from '../ui/curve';
import { h } from '../ui/dom';
import { plumePanel } from '../ui/plume';
import { situationPanel } from '../ui/situation';
import { devicesPanel, sightPanel, strataPanel, wellsPanel } from '../ui/tables';
import { tabbed } from '../ui/tabs';
import { topbar } from '../ui/topbar';
import { windPanel } from '../ui/wind';
import { view, type Stage } from './shell';

/** One, two or three columns on each side. */
export function columnsFor(width_px: number, height_px: number): 1 | 2 | 3 {
  const ratio = width_px / Math.max(1, height_px);
  if (ratio >= 4.4) return 3;
  return ratio >= 2.9 ? 2 : 1;
}

function column(side: 'left' | 'right', ...panels: readonly HTMLElement[]): HTMLElement {
  return h('div', { class: `column column-${side}` }, ...panels);
}

function columns(ctx: Context, count: 1 | 2 | 3): { left: HTMLElement[]; right: HTMLElement[] } {
  if (count === 1) {
    return {
      left: [column('left', situationPanel(ctx), exceedancePanel(ctx), beamsPanel(ctx), curvePanel(ctx))],
      right: [column('right', windPanel(ctx), plumePanel(ctx), tabbed(ctx, ['wells', 'devices', 'sight', 'strata']))],
    };
  }
  const left = [column('left', situationPanel(ctx), exceedancePanel(ctx)), column('left', beamsPanel(ctx), curvePanel(ctx))];
  const right = [column('right', windPanel(ctx), plumePanel(ctx)), column('right', wellsPanel(ctx), devicesPanel(ctx))];
  if (count === 2) {
    right[1] = column('right', wellsPanel(ctx), tabbed(ctx, ['devices', 'sight', 'strata']));
    return { left, right };
  }
  return {
    left: [left[0] as HTMLElement, column('left', beamsPanel(ctx)), column('left', curvePanel(ctx), sightPanel(ctx))],
    right: [column('right', windPanel(ctx)), column('right', plumePanel(ctx), strataPanel(ctx)), column('right', wellsPanel(ctx), devicesPanel(ctx))],
  };
}

export function wall(ctx: Context, stage: Stage, count: 1 | 2 | 3): HTMLElement {
  const { left, right } = columns(ctx, count);
  return h('div', { class: `layout wall wall-${count}` },
    topbar(ctx), h('div', { class: 'side side-left' }, ...left), view(ctx, stage), h('div', { class: 'side side-right' }, ...right));
}

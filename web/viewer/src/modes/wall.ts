/** The wall: everything at once, in columns beside the 3D view; more columns on wider walls. */

import type { Context } from '../ui/context';
import { airPanel } from '../ui/air';
import { beamsPanel, exceedancePanel } from '../ui/beams';
import { curvePanel } from '../ui/curve';
import { h } from '../ui/dom';
import { plumePanel } from '../ui/plume';
import { situationPanel } from '../ui/situation';
import { sightPanel } from '../ui/tables';
import { tabbed } from '../ui/tabs';
import { topbar } from '../ui/topbar';
import { waterPanel } from '../ui/waterpanel';
import { windPanel } from '../ui/wind';
import { view, type Stage } from './shell';

function column(side: 'left' | 'right', ...panels: readonly HTMLElement[]): HTMLElement {
  return h('div', { class: `column column-${side}` }, ...panels);
}

function columns(ctx: Context, count: 1 | 2 | 3): { left: HTMLElement[]; right: HTMLElement[] } {
  if (count === 1) {
    return {
      left: [column('left', situationPanel(ctx), exceedancePanel(ctx), beamsPanel(ctx, true), curvePanel(ctx))],
      right: [column('right', windPanel(ctx), tabbed(ctx, ['plume', 'air', 'water']), tabbed(ctx, ['wells', 'devices', 'sight', 'strata']))],
    };
  }
  if (count === 2) {
    return {
      left: [column('left', situationPanel(ctx), exceedancePanel(ctx), curvePanel(ctx)), column('left', beamsPanel(ctx))],
      right: [column('right', windPanel(ctx), tabbed(ctx, ['plume', 'air'])), column('right', waterPanel(ctx), tabbed(ctx, ['wells', 'devices', 'sight', 'strata']))],
    };
  }
  return {
    left: [column('left', situationPanel(ctx), exceedancePanel(ctx)), column('left', beamsPanel(ctx)), column('left', curvePanel(ctx), sightPanel(ctx))],
    right: [column('right', windPanel(ctx), plumePanel(ctx)), column('right', waterPanel(ctx), tabbed(ctx, ['wells', 'devices', 'strata'])), column('right', airPanel(ctx, 'all'))],
  };
}

export function wall(ctx: Context, stage: Stage, count: 1 | 2 | 3): HTMLElement {
  const { left, right } = columns(ctx, count);
  return h('div', { class: `layout wall wall-${count}` },
    topbar(ctx), h('div', { class: 'side side-left' }, ...left), view(ctx, stage), h('div', { class: 'side side-right' }, ...right));
}

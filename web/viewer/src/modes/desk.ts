/** The desk: a large 3D view and one column; one panel open at a time under the situation. */

import type { Context } from '../ui/context';
import { h } from '../ui/dom';
import { situationPanel } from '../ui/situation';
import { curvePanel } from '../ui/curve';
import { tabbed } from '../ui/tabs';
import { topbar } from '../ui/topbar';
import { view, type Stage } from './shell';

export function desk(ctx: Context, stage: Stage): HTMLElement {
  return h('div', { class: 'layout desk' },
    topbar(ctx),
    h('div', { class: 'side side-left' },
      h('div', { class: 'column column-left' },
        situationPanel(ctx), tabbed(ctx, ['beams', 'wind', 'plume', 'air', 'water', 'wells', 'devices', 'sight', 'strata']), curvePanel(ctx))),
    view(ctx, stage));
}

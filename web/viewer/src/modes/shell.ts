/** The 3D view with everything that lies over it; both layouts are built around it. */

import type { Pick } from '../contract';
import { t } from '../i18n';
import type { Readable } from '../stores/signal';
import { forecastBadge, showsForecast } from '../ui/airmap';
import type { Context } from '../ui/context';
import { detailCard } from '../ui/detail';
import { h } from '../ui/dom';
import { compassRose, legend, messages, notice, scaleBar, tooltip } from '../ui/overlay';
import { timeline } from '../ui/timeline';
import { toolbar, toolBox } from '../ui/toolbar';
import { ribbon } from '../ui/topbar';
import { waterBadge, waterBanner, waterDock } from '../ui/waterpanel';
import { waterAhead } from '../stores/water';

export interface Stage {
  readonly canvas: HTMLElement;
  readonly hover: Readable<Pick | null>;
  readonly picked: Readable<Pick | null>;
}

export function view(ctx: Context, stage: Stage): HTMLElement {
  return h('main', { class: () => (showsForecast(ctx) || waterAhead(ctx.stores.water) ? 'view is-forecast' : 'view'), 'aria-label': () => t('app.view') },
    stage.canvas,
    toolbar(ctx), toolBox(ctx),
    h('div', { class: 'view-top' }, ribbon(ctx), waterBanner(ctx), forecastBadge(ctx), waterBadge(ctx), messages(ctx)),
    h('div', { class: 'view-corner' }, compassRose(ctx)),
    detailCard(ctx, stage.picked),
    h('div', { class: 'view-bottom' }, legend(ctx), waterDock(ctx), h('div', { class: 'view-facts' }, notice(ctx), scaleBar(ctx))),
    tooltip(ctx, stage.hover),
    timeline(ctx));
}

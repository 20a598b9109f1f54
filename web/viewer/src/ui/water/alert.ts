/** The worst warning of the groundwater, where everybody looks: what it is of, measured or expected, and how to answer it. */

import { say, t } from '../../i18n';
import { tw } from '../../i18n/water';
import { riskRank, worstWarnings } from '../../stores/water_facts';
import type { SceneIndex } from '../../stores/scene_index';
import type { WaterNow, WaterWarning } from '../../wire_water';
import type { Context } from '../context';
import { h } from '../dom';
import { ago, originName, resultOrigin } from '../words';
import { arrivalBand, dissolvedName, percent } from './words';

const LOUD: readonly (string | null)[] = ['I', 'II'];
const NEAR_M = 240;

/** Nothing in a replay: warnings are those of now. */
function rows(ctx: Context): readonly WaterWarning[] {
  return ctx.stores.replay.get() ? [] : worstWarnings(ctx.stores.water.warnings.get());
}

function look(ctx: Context, row: WaterWarning | undefined): void {
  const now = ctx.stores.water.now.peek();
  const place = now?.targets.find((one) => one.id === row?.subject) ?? now?.wells.find((one) => one.sensor === row?.subject);
  if (!place) return;
  const z = ctx.world.peek()?.ground(place.x_m, place.y_m) ?? 0;
  ctx.actions.lookAt([place.x_m, place.y_m, z], [place.x_m, place.y_m - NEAR_M, z + NEAR_M]);
}

/**
 * "GW8a, fluoride 1.1 times class III", or what the newest now-cast says of the target: the words of a warning are those of the
 * moment that gave it. A target's text begins with its name.
 */
export function alertWords(row: WaterWarning, index: SceneIndex | null = null, now: WaterNow | null = null): string {
  const [name, text] = [say(row.name), say(row.text)];
  const over = row.state === 'unknown' ? ` (${tw('alert.unknown')})` : '';
  const target = row.kind === 'target' && now && now.t >= row.t ? now.targets.find((one) => one.id === row.subject && one.substance === row.substance) : undefined;
  if (!target) return (text.startsWith(name) ? text : `${name} · ${text}`) + over;
  const when = target.arrival_s ? (target.arrival_s.median <= 0 ? tw('alert.arrived') : tw('alert.arrives', { when: arrivalBand(target) })) : '';
  return tw('alert.chance', { name, substance: dissolvedName(index, row.substance), p: percent(target.probability_365d) }) + when + over;
}

function words(ctx: Context, row: WaterWarning): string {
  return alertWords(row, ctx.stores.scene.get(), ctx.stores.replay.get() ? null : ctx.stores.water.now.get());
}

function kindWords(row: WaterWarning): string {
  return tw(row.kind === 'well' ? 'alert.measured' : 'alert.forecast');
}

function classOf(row: WaterWarning | undefined): string {
  return `risk-${row?.risk ?? 'none'} is-${row?.kind === 'well' ? 'measured' : 'forecast'}`;
}

function parts(row: () => WaterWarning | undefined): readonly HTMLElement[] {
  return [
    h('span', { class: () => `chip alert-kind risk-${row()?.risk ?? 'none'}` }, () => { const one = row(); return one ? kindWords(one) : ''; }),
    h('span', { class: 'chip', hidden: () => (row()?.response ?? null) === null }, () => tw('target.response', { level: row()?.response ?? '' })),
    h('span', { class: () => `chip origin-${row()?.origin ?? 'modelled'}`, title: () => t('origin.tip') }, () => {
      const one = row();
      return one ? (one.kind === 'well' ? originName : resultOrigin)(one.origin) : '';
    }),
  ];
}

export function waterAlert(ctx: Context): HTMLElement {
  const row = (): WaterWarning | undefined => rows(ctx)[0];
  return h('button', { type: 'button', class: () => `water-alert ${classOf(row())}`, hidden: () => row() === undefined, onclick: () => look(ctx, row()) },
    h('span', { class: 'water-alert-head' }, h('b', {}, () => tw('alert.title')), ...parts(row)),
    h('span', {}, () => { const one = row(); return one ? words(ctx, one) : ''; }),
    h('small', { class: 'muted' }, () => {
      const one = row();
      const more = rows(ctx).length - 1;
      return one ? [ago(Math.max(0, ctx.stores.now_ms.get() - one.t)), more > 0 ? tw('alert.more', { n: more }) : ''].filter((text) => text !== '').join(' · ') : '';
    }));
}

export function waterBanner(ctx: Context): HTMLElement {
  const row = (): WaterWarning | undefined => rows(ctx).find((one) => LOUD.includes(one.response) && riskRank(one.risk ?? 'none') > 1);
  return h('button', { type: 'button', class: () => `ribbon water-banner ${classOf(row())}`, role: 'alert', hidden: () => row() === undefined, onclick: () => look(ctx, row()) },
    h('b', {}, () => tw('alert.title')), ...parts(row), h('span', {}, () => { const one = row(); return one ? words(ctx, one) : ''; }));
}

/** The bar over everything: whose park, what time, live or replay, connected or not, real or simulated. */

import { language, say, t } from '../i18n';
import { PARK_STALE_MS } from '../stores/limits';
import type { Stores } from '../stores/stores';
import { clockDate, clockTime, longDate, zoneName } from '../units';
import type { Context } from './context';
import { h } from './dom';
import { icon } from './icons';
import { iconButton } from './panel';
import { age, conc, levelName, levelShape, nameOf, tone } from './words';

export type LinkTone = 'good' | 'wait' | 'bad';

/** Connection as one word; "connected" needs fresh data too. */
export function linkWords(stores: Stores): { readonly text: string; readonly tone: LinkTone } {
  const link = stores.link.get();
  if (link.state === 'connecting') return { text: t('link.connecting'), tone: 'wait' };
  if (link.state === 'lost') return { text: t('link.lost'), tone: 'bad' };
  const data_ms = stores.live.get().data_ms;
  if (data_ms === null) return { text: t('link.nodata'), tone: 'wait' };
  const old_ms = stores.tick_ms.get() - data_ms;
  if (old_ms > PARK_STALE_MS) return { text: `${t('link.stale')} ${age(old_ms)}`, tone: 'bad' };
  return { text: t('link.live'), tone: 'good' };
}

function offset(stores: Stores): number {
  return stores.scene.get()?.scene.utc_offset_h ?? stores.park.get()?.utc_offset_h ?? 8;
}

/** Whether anything that is shown is simulated or an exercise. */
export function notReal(stores: Stores): 'simulated' | 'exercise' | null {
  if (stores.park.get()?.has_simulated === true) return 'simulated';
  let found: 'simulated' | 'exercise' | null = null;
  for (const value of stores.shown.get().values.values()) {
    if (value.o === 'exercise') return 'exercise';
    if (value.o === 'simulated') found = 'simulated';
  }
  return found;
}

function badges(ctx: Context): HTMLElement {
  const { stores } = ctx;
  const replaying = (): boolean => stores.replay.get() !== null;
  return h('div', { class: 'top-badges' },
    h('span', { class: () => `badge origin-badge origin-${notReal(stores) ?? ''}`, hidden: () => notReal(stores) === null, role: 'status' },
      () => t(notReal(stores) === 'exercise' ? 'origin.exercise.long' : 'origin.simulated.long')),
    h('span', { class: () => `badge ${replaying() ? 'badge-replay' : stores.link.get().state === 'live' ? 'badge-live' : 'link-wait'}` },
      h('i', { 'aria-hidden': 'true' }, () => (replaying() ? '◀◀' : '●')), () => t(replaying() ? 'top.replay' : 'top.live')),
    h('span', { class: () => `badge badge-link link-${linkWords(stores).tone}`, role: 'status', 'aria-live': 'polite' },
      h('i', { 'aria-hidden': 'true' }, () => ({ good: '●', wait: '◌', bad: '✕' })[linkWords(stores).tone]), () => linkWords(stores).text));
}

function title(ctx: Context): HTMLElement {
  const { stores } = ctx;
  return h('div', { class: 'top-title' },
    h('h1', {}, () => say(stores.scene.get()?.scene.name ?? stores.park.get()?.name) || 'Park Twin'),
    h('small', {}, () => `${t('app.twin')} · ${t('app.subtitle')}`));
}

function times(ctx: Context): HTMLElement {
  const { stores } = ctx;
  const dataTime = (): string => {
    const data_ms = stores.shown.get().data_ms;
    return data_ms === null ? '—' : clockTime(data_ms, offset(stores));
  };
  const shown_ms = (): number => (stores.replay.get() ? stores.now_ms.get() : stores.tick_ms.get());
  return h('div', { class: 'top-times' },
    h('div', { class: 'top-data' }, h('small', {}, () => t('top.dataTime')), h('b', {}, dataTime)),
    h('div', { class: 'top-clock' },
      h('b', {}, () => clockTime(shown_ms(), offset(stores))),
      h('small', { title: () => clockDate(shown_ms(), offset(stores)) }, () => `${longDate(shown_ms(), offset(stores), language())} ${zoneName(offset(stores))}`)));
}

function buttons(ctx: Context): HTMLElement {
  const { stores, actions } = ctx;
  const other = (): 'wall' | 'desk' => (stores.mode.get() === 'wall' ? 'desk' : 'wall');
  return h('div', { class: 'top-buttons' },
    h('button', { type: 'button', class: 'text-button', lang: () => (language() === 'zh' ? 'en' : 'zh-CN'), onclick: () => actions.setLanguage(language() === 'zh' ? 'en' : 'zh') },
      () => t('top.language')),
    h('span', { class: 'mode-button' }, iconButton(icon('wall'), () => t(`top.mode.${other()}`), () => actions.setMode(other()))),
    iconButton(icon('full'), () => t('top.fullscreen'), () => actions.fullscreen()));
}

export function topbar(ctx: Context): HTMLElement {
  return h('header', { class: () => `topbar tone-${tone(ctx.stores.overall.get().level)}` },
    badges(ctx), title(ctx), h('div', { class: 'top-right' }, times(ctx), buttons(ctx)));
}

/** The ribbon over the 3D view while a threshold is reached. */
export function ribbon(ctx: Context): HTMLElement {
  const { overall, scene } = ctx.stores;
  const worst = (): ReturnType<typeof overall.get>['worst'] => overall.get().worst;
  const words = (): string => {
    const found = worst();
    const index = scene.get();
    if (!found || !index) return '';
    const station = nameOf(index, index.beam.get(found.sensor)?.station ?? '');
    const more = overall.get().exceedances.length - 1;
    return `${station} ${found.sensor} · ${index.formulas.get(found.substance) ?? found.substance} ${conc(found.conc_kg_m3)}${more > 0 ? `  +${more}` : ''}`;
  };
  return h('button', {
    type: 'button', class: () => `ribbon tone-${tone(overall.get().level)}`, hidden: () => overall.get().level < 1,
    onclick: () => {
      const found = overall.peek().worst;
      if (found) ctx.actions.flyTo('beam', found.sensor);
    },
  },
  h('i', { 'aria-hidden': 'true' }, () => levelShape(overall.get().level)),
  h('b', {}, () => levelName(overall.get().level)), h('span', {}, words));
}

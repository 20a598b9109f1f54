/** The time slider: live, or any stored moment, played at one to six hundred times the speed. */

import { t } from '../i18n';
import { SPEEDS, WINDOWS_H } from '../stores/stores';
import { span } from '../stores/span';
import { clockDate, clockTime } from '../units';
import type { Context } from './context';
import { h } from './dom';
import { icon } from './icons';
import { iconButton } from './panel';

function windowName(hours: number): string {
  return hours >= 48 ? t('time.days', { n: hours / 24 }) : t('time.hours', { n: hours });
}

export function timeline(ctx: Context): HTMLElement {
  const { stores, actions } = ctx;
  const offset = (): number => stores.scene.get()?.scene.utc_offset_h ?? 8;
  const range = (): { from: number; to: number } => span(stores);
  const at = (): number => stores.replay.get()?.at ?? range().to;
  const live = (): boolean => stores.replay.get() === null;
  const playing = (): boolean => stores.replay.get()?.playing === true;
  const time = (ms: number): string => {
    const long = stores.window_h.get() > 24 ? `${clockDate(ms, offset()).slice(5)} ` : '';
    return `${long}${clockTime(ms, offset(), stores.window_h.get() <= 1)}`;
  };
  const share = (ms: number): number => {
    const { from, to } = range();
    return to > from ? Math.min(1, Math.max(0, (ms - from) / (to - from))) : 1;
  };
  const slider: HTMLInputElement = h('input', {
    type: 'range', min: 0, max: 10_000, step: 1, class: 'time-slider', 'aria-label': () => t('time.slider'),
    'aria-valuetext': () => (live() ? t('time.atLive') : time(at())), style: () => `--share:${(share(at()) * 100).toFixed(2)}%`,
    oninput: (): void => {
      const { from, to } = range();
      const part = Number(slider.value) / 10_000;
      if (part >= 1) actions.goLive();
      else actions.seek(from + part * (to - from));
    },
  });
  const follow = h('span', { hidden: true }, () => {
    const next = String(Math.round(share(at()) * 10_000));
    if (slider.value !== next) slider.value = next;
    return '';
  });
  const play = h('span', {}, h('span', { hidden: playing }, iconButton(icon('play'), () => t('time.play'), () => actions.togglePlay())),
    h('span', { hidden: () => !playing() }, iconButton(icon('pause'), () => t('time.pause'), () => actions.togglePlay())));
  const ticks = h('div', { class: 'time-ticks', 'aria-hidden': 'true' }, ...[0, 0.25, 0.5, 0.75, 1].map((part) =>
    h('span', { style: `left:${part * 100}%` }, () => time(range().from + part * (range().to - range().from)))));
  return h('section', { class: () => `timeline ${live() ? 'is-live' : 'is-replay'}`, 'aria-label': () => t('time.title') },
    h('div', { class: 'time-buttons' },
      iconButton(icon('back'), () => t('time.back'), () => actions.step(-1)), play,
      iconButton(icon('forward'), () => t('time.forward'), () => actions.step(1))),
    h('div', { class: 'time-track' }, slider, ticks, follow),
    h('output', { class: 'time-now' }, () => (live() ? t('time.atLive') : clockTime(at(), offset())),
      h('small', { hidden: live }, () => clockDate(at(), offset()))),
    h('div', { class: 'time-options' },
      choice(() => t('time.speed'), SPEEDS.map((speed) => [String(speed), () => `×${speed}`]), () => String(stores.speed.get()),
        (value) => stores.speed.set(Number(value))),
      choice(() => t('time.window'), WINDOWS_H.map((hours) => [String(hours), () => windowName(hours)]), () => String(stores.window_h.get()),
        (value) => stores.window_h.set(Number(value))),
      iconButton(icon('loop'), () => t('time.loop'), () => stores.loop.update((on) => !on), () => stores.loop.get()),
      h('button', { type: 'button', class: () => `live-button ${live() ? 'is-on' : ''}`, 'aria-pressed': () => String(live()), onclick: () => actions.goLive(), title: () => t('time.live') },
        h('i', { 'aria-hidden': 'true' }, '●'), () => t('top.live'))));
}

function choice(
  label: () => string, options: readonly (readonly [string, () => string])[], value: () => string, change: (value: string) => void,
): HTMLSelectElement {
  const select: HTMLSelectElement = h('select', { 'aria-label': label, title: label, onchange: (): void => change(select.value) },
    ...options.map(([id, text]) => h('option', { value: id, selected: () => value() === id }, text)));
  return select;
}

/** Wind rose of the last hours, drawn as a small picture of its own. */

import { language, t } from '../i18n';
import { CLASSES_M_S, SECTORS, windRose, type Rose } from '../stores/rose';
import { computed, effect, signal, untracked } from '../stores/signal';
import { compass, count } from '../units';
import type { Context } from './context';
import { h, s } from './dom';

const HOURS = 3;
const REFRESH_MS = 60_000;
const COLOURS = ['rose-1', 'rose-2', 'rose-3'] as const;

function wedge(sector: number, from: number, to: number): string {
  const half = (360 / SECTORS) * 0.42;
  const at = (radius: number, off: number): string => {
    const angle = ((sector * (360 / SECTORS) + off) * Math.PI) / 180;
    return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  };
  return `M${at(from, -half)} L${at(to, -half)} A${to} ${to} 0 0 1 ${at(to, half)} L${at(from, half)} Z`;
}

/** Shares by sector (the first centred on north, clockwise) and class of speed, as wedges towards where the wind comes from. */
export function roseFigure(shares: Rose['shares'], label: () => string, colours: readonly string[]): SVGSVGElement {
  const totals = shares.map((row) => row.reduce((sum, share) => sum + share, 0));
  const top = Math.max(0.05, ...totals);
  const rings = [0.5, 1].map((part) => s('circle', { r: 40 * part, class: 'dial-ring' }));
  const wedges = shares.flatMap((row, sector) => {
    let from = 0;
    return row.map((share, kind) => {
      const to = from + (40 * share) / top;
      const path = share > 0 ? s('path', { d: wedge(sector, from, to), class: colours[kind] ?? '' }) : null;
      from = to;
      return path;
    });
  });
  const letters = [0, 90, 180, 270].map((bearing) => {
    const angle = (bearing * Math.PI) / 180;
    return s('text', { x: 46.5 * Math.sin(angle), y: -46.5 * Math.cos(angle) + 2.6, class: 'rose-letter' }, () => compass(bearing, language()));
  });
  const scale = s('text', { x: 30, y: -31, class: 'rose-scale' }, `${Math.round(top * 100)}%`);
  return s('svg', { class: 'rose', viewBox: '-53 -53 106 106', role: 'img', 'aria-label': label }, ...rings, ...wedges, ...letters, scale);
}

function classNames(): readonly string[] {
  return CLASSES_M_S.map((low, k) => {
    const next = CLASSES_M_S[k + 1];
    return next === undefined ? `≥ ${low} m/s` : `${low}–${next} m/s`;
  });
}

export function rose(ctx: Context): HTMLElement {
  const found = signal<Rose | null>(null);
  const sensor = computed(() => ctx.stores.scene.get()?.scene.stations.find((row) => row.weather)?.weather?.id ?? null);
  const moment = computed(() => Math.floor(ctx.stores.now_ms.get() / REFRESH_MS) * REFRESH_MS);
  const key = computed(() => `${sensor.get() ?? ''}@${moment.get()}`);
  const wanted = signal('');
  effect(() => wanted.set(key.get()));
  const load = async (): Promise<void> => {
    const id = sensor.peek();
    if (id === null) return;
    const to = moment.peek() + REFRESH_MS;
    const from = to - HOURS * 3_600_000;
    try {
      const [speed, bearing] = await Promise.all([
        ctx.series(`${id}/wind_speed`, from, to, 'raw'), ctx.series(`${id}/wind_from`, from, to, 'raw')]);
      found.set(windRose(speed, bearing));
    } catch {
      found.set(null);
    }
  };
  effect(() => {
    wanted.get();
    untracked(() => void load());
  });
  const picture = h('div', { class: 'rose-picture' });
  effect(() => {
    const present = found.get();
    picture.replaceChildren(...(present && present.samples > 0 ? [roseFigure(present.shares, () => t('wind.rose', { h: HOURS }), COLOURS)] : []));
  });
  const none = (): boolean => (found.get()?.samples ?? 0) === 0;
  const names = h('div', { class: 'rose-names' },
    h('span', { class: 'rose-title' }, () => t(none() ? 'wind.rose.none' : 'wind.rose', { h: HOURS })),
    ...classNames().map((name, k) => h('span', { class: 'rose-key', hidden: none }, h('i', { class: COLOURS[k] ?? '' }), name)),
    h('small', { class: 'muted', hidden: none }, () => `${t('wind.calm', { p: count((found.get()?.calm ?? 0) * 100, language()) })} · ${t('wind.samples', { n: count(found.get()?.samples ?? 0, language()) })}`));
  return h('div', { class: 'rose-box' }, picture, names);
}

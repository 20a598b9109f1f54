/** What lies over the 3D view: legend, north arrow, scale bar, notices, tooltip, messages. */

import { RAMP, RAMP_RANGE_KG_M3, type Pick } from '../contract';
import { language, say, t } from '../i18n';
import { rampLevel } from '../stores/readings';
import type { Readable } from '../stores/signal';
import { fromSi, length, plain } from '../units';
import { PLUME_TOO_OLD_MS } from '../stores/limits';
import type { Plume, SceneThreshold } from '../wire';
import { modelLine } from './airbeam';
import { mapLegend } from './airmap';
import type { Context } from './context';
import { each, h, s } from './dom';
import { age, ago, conc, hourMinute, nameOf, readingQuality, resultOrigin } from './words';

const CROWDED = 0.075;

/** Which way a mark must step aside for its neighbour on the legend. */
function crowded(rows: readonly SceneThreshold[], row: SceneThreshold): string {
  const at = rampLevel(row.conc_kg_m3);
  const near = rows.find((other) => other !== row && Math.abs(rampLevel(other.conc_kg_m3) - at) < CROWDED);
  if (!near) return '';
  return near.conc_kg_m3 > row.conc_kg_m3 ? 'aside-left' : 'aside-right';
}

export function legend(ctx: Context): HTMLElement {
  const [low, high] = RAMP_RANGE_KG_M3;
  const decades = Math.round(Math.log10(high / low));
  const ticks = Array.from({ length: decades + 1 }, (_, i) => low * 10 ** i);
  const substance = (): string | null => ctx.stores.plume.get()?.substance ?? ctx.stores.overall.get().worst?.substance ?? null;
  const limits = h('div', { class: 'legend-limits' });
  const rows = (): readonly SceneThreshold[] => ctx.stores.scene.get()?.thresholds.get(substance() ?? '') ?? [];
  each(limits, rows, (row) => String(row.level), (item) =>
    h('i', {
      style: () => `left:${(rampLevel(item.get().conc_kg_m3) * 100).toFixed(1)}%`,
      class: () => `limit-${Math.min(3, item.get().level)} ${crowded(rows(), item.get())}`,
      title: () => `${say(item.get().name)} ${conc(item.get().conc_kg_m3)}`,
    }, () => `L${item.get().level}`));
  const drawn = (): Plume | null => {
    const plume = ctx.stores.frame.get() ? ctx.stores.plume.get() : null;
    return plume && ctx.stores.coarse_ms.get() - plume.t <= PLUME_TOO_OLD_MS ? plume : null;
  };
  const plumeWords = (plume: Plume | null): string => {
    if (!plume) return '';
    const index = ctx.stores.scene.get();
    const name = index?.formulas.get(plume.substance) ?? plume.substance;
    return `${t('legend.plume', { name })} ${hourMinute(index, plume.t)} · ${ago(Math.max(0, ctx.stores.now_ms.get() - plume.t))}`;
  };
  return h('div', { class: 'legend', 'aria-label': () => t('legend.title'), role: 'group' },
    h('p', { class: 'legend-title' }, () => {
      const index = ctx.stores.scene.get();
      const found = substance();
      return `${found && index ? `${index.formulas.get(found) ?? found} ` : ''}${t('legend.title')}`;
    }),
    limits,
    h('div', { class: 'legend-bar', style: `background:linear-gradient(90deg,${RAMP.join(',')})` }),
    h('div', { class: 'legend-ticks' }, ...ticks.map((tick, i) =>
      h('span', { style: `left:${(100 * i) / decades}%` }, () => plain(fromSi(tick, 'mg/m3'), language())))),
    h('p', { class: 'legend-plume', hidden: () => drawn() === null }, () => plumeWords(drawn())),
    h('p', { class: 'legend-plume', hidden: () => drawn() === null }, () => resultOrigin(drawn()?.origin ?? 'modelled')),
    mapLegend(ctx),
    h('p', { class: 'legend-none' }, h('i', { class: 'swatch-none' }), () => `${t('legend.noValue')} / ${t('legend.stale')}`));
}

export function compassRose(ctx: Context): HTMLElement {
  const turn = (): string => `rotate(${ctx.stores.heading_deg.get().toFixed(1)})`;
  return h('button', { type: 'button', class: 'compass', title: () => t('compass.title'), 'aria-label': () => t('compass.title'), onclick: () => ctx.actions.northUp() },
    s('svg', { viewBox: '-32 -32 64 64', 'aria-hidden': 'true' },
      s('circle', { r: 30, class: 'compass-ring' }),
      s('g', { transform: turn },
        s('path', { d: 'M0 -21 6.5 4 0 0 -6.5 4Z', class: 'compass-north' }),
        s('path', { d: 'M0 21 6.5 4 0 0 -6.5 4Z', class: 'compass-south' }),
        s('text', { y: -22.5, class: 'compass-letter' }, 'N'))));
}

const NICE = [1, 2, 5];

/** Longest round length that fits into `most_px`. */
export function niceLength(metresPerPixel: number, most_px: number): number {
  const most = Math.max(1e-3, metresPerPixel * most_px);
  const power = 10 ** Math.floor(Math.log10(most));
  return [...NICE].reverse().map((n) => n * power).find((n) => n <= most) ?? power;
}

export function scaleBar(ctx: Context): HTMLElement {
  const MOST_PX = 140;
  const metres = (): number => niceLength(ctx.stores.metresPerPixel.get(), MOST_PX);
  return h('div', { class: 'scale-bar', title: () => t('scale.title') },
    h('span', {}, () => {
      const shown = length(metres(), language());
      return `${shown.text.replace(/[.,]0+$/, '')} ${shown.unit}`;
    }),
    h('i', { style: () => `width:${Math.round(metres() / Math.max(1e-9, ctx.stores.metresPerPixel.get()))}px` }));
}

/** Standing notice: what of this picture is not the real place. */
export function notice(ctx: Context): HTMLElement {
  const scene = (): ReturnType<typeof ctx.stores.scene.get> => ctx.stores.scene.get();
  return h('div', { class: 'notice', role: 'note', title: () => say(scene()?.scene.notice) },
    h('span', { hidden: () => !scene()?.scene.terrain_is_demonstration }, () => t('top.terrain')),
    h('span', { class: 'notice-plain', hidden: () => ctx.stores.exaggeration.get() === 1 }, () => `${t('layers.exaggeration')} ×${ctx.stores.exaggeration.get()}`),
    h('span', { hidden: () => !scene()?.scene.placement_is_approximate }, () => t('top.placement')),
    // A park of real data names its sources in full: licences of maps ask for it.
    h('span', { class: 'notice-plain notice-source', hidden: () => scene()?.scene.terrain_is_demonstration !== false }, () => say(scene()?.scene.notice)));
}

export function tooltip(ctx: Context, hover: Readable<Pick | null>): HTMLElement {
  const words = (): readonly string[] => {
    const pick = hover.get();
    if (!pick || pick.kind === 'terrain' || pick.kind === 'section') return [];
    const index = ctx.stores.scene.get();
    const name = nameOf(index, pick.id);
    const reading = pick.kind === 'beam' ? ctx.stores.byBeam.get().get(pick.id) : undefined;
    const lines = [name === pick.id ? `${t(`detail.kind.${pick.kind}`)} ${pick.id}` : name];
    if (reading && index) {
      lines.push(`${index.formulas.get(reading.substance) ?? reading.substance} ${conc(reading.conc_kg_m3)} · ${age(reading.age_ms)} · ${readingQuality(reading)}`);
      const model = modelLine(ctx, pick.id, reading.substance);
      if (model !== null) lines.push(model);
    }
    return lines;
  };
  const place = (): string => {
    const at = hover.get()?.screen ?? [0, 0];
    return `translate(${Math.round(at[0] + 14)}px, ${Math.round(at[1] + 14)}px)`;
  };
  const box = h('div', { class: 'tooltip', role: 'tooltip', hidden: () => words().length === 0, style: () => `transform:${place()}` });
  each(box, () => words().map((text, i) => ({ text, i })), (line) => String(line.i), (item) => h('div', {}, () => item.get().text));
  return box;
}

/** Loading, and the plain words when the server does not answer. */
export function messages(ctx: Context): HTMLElement {
  const { stores, actions } = ctx;
  const lost = (): boolean => stores.link.get().state === 'lost' && stores.scene.get() !== null;
  const lostWords = (): string => {
    const link = stores.link.get();
    const away_ms = Math.max(0, stores.tick_ms.get() - stores.offset_ms.get() - link.since_ms);
    return t('link.lost.since', { age: age(away_ms) });
  };
  return h('div', { class: 'messages' },
    h('div', { class: 'message bad', role: 'alert', hidden: () => !lost() }, h('span', {}, lostWords)),
    h('div', { class: 'message bad', role: 'alert', hidden: () => !stores.noPicture.get() }, () => t('app.noGpu')),
    h('div', { class: 'loading', hidden: () => stores.drawn.get() || stores.fatal.get() !== null, role: 'status' },
      h('span', {}, () => t('app.loading')),
      h('progress', { max: 1, value: () => stores.progress.get().toFixed(2), 'aria-label': () => t('app.loading') })),
    h('div', { class: 'fatal', role: 'alert', hidden: () => stores.fatal.get() === null },
      h('h2', {}, () => t('app.fatal')),
      h('p', {}, () => say(stores.fatal.get())),
      h('p', { class: 'muted' }, () => t('app.retrying')),
      h('button', { type: 'button', class: 'text-button', onclick: () => actions.retry() }, () => t('app.retry'))));
}

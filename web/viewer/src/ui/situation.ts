/** Five questions in five seconds: is anything wrong, where, how bad, where is it going, who is in the way. */

import { language, t, tMaybe } from '../i18n';
import { CALM_M_S, meanWind } from '../stores/downwind';
import type { Reading } from '../stores/readings';
import { formula } from '../stores/scene_index';
import { RESPONSE_LEVELS, standingResponse, type WaterResponse } from '../stores/water';
import { compass, count, join, number, show } from '../units';
import type { Context } from './context';
import { each, h, s, type Child } from './dom';
import { originChip, panel } from './panel';
import { waterAlert } from './waterpanel';
import { age, conc, levelName, levelShape, nameOf, readingQuality, tone } from './words';

const MOST_PLACES = 3;

interface Place {
  readonly id: string;
  readonly people: number;
  readonly text: string;
  readonly modelled: boolean;
}

function howMuch(reading: Reading | null, first_kg_m3: number | undefined): string {
  if (!reading || reading.conc_kg_m3 === null) return '';
  if (reading.threshold) {
    return t('sit.times', { n: number(reading.conc_kg_m3 / reading.threshold.conc_kg_m3, 1, language()) });
  }
  if (first_kg_m3 === undefined) return '';
  const percent = (100 * reading.conc_kg_m3) / first_kg_m3;
  return t('sit.percent', { n: percent < 1 ? '<1' : count(percent, language()) });
}

/** Response that the groundwater asks for where it is graver than what the beams say; null otherwise. */
function graver(ctx: Context): WaterResponse | null {
  const asked = ctx.stores.replay.get() ? null : standingResponse(ctx.stores.water.warnings.get());
  return asked !== null && RESPONSE_LEVELS[asked] > ctx.stores.overall.get().level ? asked : null;
}

function hero(ctx: Context): HTMLElement {
  const { overall, scene } = ctx.stores;
  const level = (): number => {
    const ground = graver(ctx);
    return ground === null ? overall.get().level : RESPONSE_LEVELS[ground];
  };
  const name = (): string => {
    const ground = graver(ctx);
    return ground === null ? levelName(overall.get().level) : t('sit.ground', { level: ground });
  };
  const words = (): string => {
    const total = overall.get();
    if (scene.get()?.scene.beams.length === 0) return t('sit.noBeams');
    if (total.level < 0 && total.seeing === 0) return t('sit.noData');
    return tMaybe(`level.word.${tone(total.level)}`, '');
  };
  return h('div', { class: () => `hero tone-${tone(level())}`, role: 'status', 'aria-live': 'assertive' },
    h('span', { class: 'hero-shape', 'aria-hidden': 'true' }, () => levelShape(level())),
    h('div', { class: 'hero-words' },
      h('strong', {}, name),
      h('span', {}, words)),
    h('span', { class: 'hero-count', hidden: () => scene.get() === null }, () => t('sit.seeing', { n: overall.get().seeing, all: overall.get().beams })));
}

function lastWords(reading: Reading | null): string {
  if (!reading) return '';
  return reading.stale ? t('sit.lastword') : readingQuality(reading);
}

function worst(ctx: Context): HTMLElement {
  const { overall, scene } = ctx.stores;
  const reading = (): Reading | null => overall.get().worst;
  const where = (): string => reading()?.sensor ?? '—';
  const station = (): string => {
    const index = scene.get();
    return nameOf(index, index?.beam.get(reading()?.sensor ?? '')?.station ?? '');
  };
  const first = (): number | undefined => {
    const found = reading();
    return found ? scene.get()?.thresholds.get(found.substance)?.[0]?.conc_kg_m3 : undefined;
  };
  return h('button', {
    type: 'button', class: 'worst', hidden: () => reading() === null,
    'aria-label': () => t('exc.flyto', { name: where() }),
    onclick: () => {
      const found = overall.peek().worst;
      if (found) ctx.actions.flyTo('beam', found.sensor);
    },
  },
  h('span', { class: 'worst-where' }, h('b', {}, where), h('small', {}, station)),
  h('span', { class: () => `worst-value tone-text-${tone(reading()?.level ?? 0)}` },
    h('small', {}, () => {
      const index = scene.get();
      const found = reading();
      return index && found ? formula(index, found.substance) : '';
    }), ' ', () => conc(reading()?.conc_kg_m3 ?? null)),
  h('span', { class: 'worst-more' },
    () => [
      howMuch(reading(), first()),
      age(reading()?.age_ms ?? null),
      lastWords(reading()),
    ].filter((text) => text !== '').join(' · ')));
}

function arrow(bearing: () => number | null): SVGSVGElement {
  return s('svg', { class: 'going-arrow', viewBox: '-12 -12 24 24', 'aria-hidden': 'true' },
    s('path', {
      d: 'M0 -9 6 4 0 1 -6 4Z', fill: 'currentColor',
      transform: () => `rotate(${Math.round(bearing() ?? 0)})`,
      visibility: () => (bearing() === null ? 'hidden' : 'visible'),
    }));
}

function going(ctx: Context): HTMLElement {
  const wind = (): ReturnType<typeof meanWind> => meanWind(ctx.stores.winds.get());
  const moving = (): number | null => {
    const mean = wind();
    return mean && mean.speed_m_s >= CALM_M_S ? (mean.from_deg + 180) % 360 : null;
  };
  const text = (): string => {
    const mean = wind();
    if (!mean) return t('sit.nowind');
    const toward = moving();
    const speed = join(show(mean.speed_m_s, 'wind_speed', language()));
    return toward === null ? `${t('sit.calm')} · ${speed}` : `${t('sit.toward', { dir: compass(toward, language(), 8) })} · ${speed}`;
  };
  return row('sit.going', arrow(moving), h('span', {}, text));
}

function row(name: 'sit.going' | 'sit.who', ...children: readonly Child[]): HTMLElement {
  return h('div', { class: 'sit-row' }, h('span', { class: 'pair-name' }, () => t(name)), h('div', { class: 'sit-value' }, ...children));
}

/** Those in the computed plume first, then those on the straight line downwind. */
function places(ctx: Context): readonly Place[] {
  const { exposed, inTheWay } = ctx.stores;
  const inside = exposed.get().map((place) => ({
    id: place.id, people: place.people, modelled: true, text: conc(place.conc_kg_m3),
  }));
  const known = new Set(inside.map((place) => place.id));
  const ahead = inTheWay.get().filter((place) => !known.has(place.id)).map((place) => ({
    id: place.id, people: place.people, modelled: false,
    text: t('sit.arrival', { min: count(Math.max(1, place.arrival_s / 60), language()) }),
  }));
  return [...inside, ...ahead].slice(0, MOST_PLACES);
}

function placeRow(ctx: Context, item: { get(): Place }, id: string): HTMLElement {
  return h('li', {},
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.flyTo('settlement', id) },
      () => nameOf(ctx.stores.scene.get(), id)),
    h('span', { class: 'muted' }, () => t('sit.people', { n: count(item.get().people, language()) })),
    h('span', {}, () => item.get().text),
    h('span', { class: 'muted' }, () => t(item.get().modelled ? 'sit.inPlume' : 'sit.downwind')));
}

function who(ctx: Context): HTMLElement {
  const list = h('ul', { class: 'who', hidden: () => places(ctx).length === 0 });
  each(list, () => places(ctx), (place) => place.id, (item, id) => placeRow(ctx, item, id));
  const none = (): string => t(ctx.stores.overall.get().level > 0 ? 'sit.nobody' : 'sit.nothing');
  return row('sit.who', list,
    h('span', { class: 'muted', hidden: () => places(ctx).length > 0 }, () => (ctx.stores.overall.get().level < 0 ? '—' : none())),
    h('small', { class: 'muted', hidden: () => !places(ctx).some((place) => !place.modelled) }, () => t('sit.estimate')));
}

export function situationPanel(ctx: Context): HTMLElement {
  const origin = (): 'measured' | 'modelled' | 'simulated' | 'exercise' => ctx.stores.overall.get().worst?.origin ?? 'measured';
  const chip = originChip(origin);
  return panel('sit.title', [hero(ctx), worst(ctx), going(ctx), who(ctx), waterAlert(ctx)], {
    className: 'situation',
    tools: h('span', { class: 'panel-tools', hidden: () => ctx.stores.overall.get().worst === null }, chip),
  });
}

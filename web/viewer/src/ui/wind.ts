/** Wind of every station as a dial whose arrow comes FROM where the wind comes from. */

import { language, t } from '../i18n';
import type { Wind } from '../stores/downwind';
import type { Value } from '../wire';
import { compass, join, number, show } from '../units';
import type { Context } from './context';
import { each, h, s } from './dom';
import { empty, panel } from './panel';
import { rose } from './rose';
import { age, nameOf, quantity, shortName, valueQuality } from './words';

const CALM_M_S = 0.3;

function dial(wind: () => Wind): SVGSVGElement {
  const calm = (): boolean => wind().speed_m_s < CALM_M_S;
  const ticks = Array.from({ length: 8 }, (_, i) =>
    s('line', { x1: 0, y1: -44, x2: 0, y2: i % 2 ? -41 : -38, transform: `rotate(${i * 45})`, class: 'dial-tick' }));
  return s('svg', { class: 'dial', viewBox: '-50 -50 100 100', 'aria-hidden': 'true' },
    s('circle', { r: 44, class: 'dial-ring' }),
    ...ticks,
    s('text', { y: -22, class: 'dial-north' }, 'N'),
    s('g', { transform: () => `rotate(${Math.round(wind().from_deg)})`, visibility: () => (calm() ? 'hidden' : 'visible') },
      s('path', { d: 'M0 -24 8 -45 0 -40 -8 -45Z', class: 'dial-arrow' })),
    s('text', { y: 9, class: 'dial-speed' }, () => number(wind().speed_m_s, 1, language())));
}

function spoken(ctx: Context, wind: Wind): string {
  return t('wind.dial', {
    station: nameOf(ctx.stores.scene.get(), wind.station), dir: compass(wind.from_deg, language()),
    deg: number(wind.from_deg, 0, language()), speed: join(show(wind.speed_m_s, 'wind_speed', language())),
  });
}

function quality(wind: Wind): string {
  const worse: Value = wind.speed.q === 'good' ? wind.from : wind.speed;
  return worse.q === 'good' && !wind.stale ? '' : valueQuality(worse, wind.stale);
}

function station(ctx: Context, item: { get(): Wind }, id: string): HTMLElement {
  const other = (key: string): string => {
    const value = ctx.stores.shown.get().values.get(`${item.get().sensor}/${key}`);
    return value ? quantity(value.v, key) : '';
  };
  return h('button', {
    type: 'button', class: () => `wind-station${item.get().stale ? ' is-stale' : ''}`,
    'aria-label': () => spoken(ctx, item.get()), onclick: () => ctx.actions.flyTo('station', id),
  },
  dial(() => item.get()),
  h('span', { class: 'wind-name' }, () => shortName(ctx.stores.scene.get(), id)),
  h('span', { class: 'wind-from' }, () => `${compass(item.get().from_deg, language())} ${number(item.get().from_deg, 0, language())}°`),
  h('small', { class: 'muted' }, () => [age(item.get().age_ms), quality(item.get())].filter((text) => text !== '').join(' · ')),
  h('small', { class: 'muted wind-air' }, () => [other('air_temperature'), other('relative_humidity')].filter((text) => text !== '').join(' ')));
}

export function windPanel(ctx: Context): HTMLElement {
  const rows = (): readonly Wind[] => ctx.stores.winds.get();
  const stations = h('div', { class: 'wind-stations', hidden: () => rows().length === 0 });
  each(stations, rows, (wind) => wind.station, (item, id) => station(ctx, item, id));
  return panel('wind.title', [
    stations,
    empty(() => t('wind.none'), () => rows().length > 0),
    rose(ctx),
  ], { className: 'wind scroll', aside: () => `${t('wind.from')} · m/s` });
}

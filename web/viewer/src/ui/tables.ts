/** Plain tables: wells, devices, line of sight, error of the strata. */

import { language, say, t, tMaybe, type Key } from '../i18n';
import { freshFor_ms } from '../stores/readings';
import { number } from '../units';
import type { Device, SceneWell, SightRow, StrataReport, Value } from '../wire';
import type { Context } from './context';
import { each, h } from './dom';
import { empty, originChip, panel } from './panel';
import { age, metres, nameOf, quantityName, shown, valueQuality } from './words';

function headings(...keys: readonly (readonly [() => string, boolean])[]): HTMLElement {
  return h('thead', {}, h('tr', {}, ...keys.map(([text, numeric]) => h('th', { scope: 'col', class: numeric ? 'num' : '' }, text))));
}

const head = (key: Key, numeric = false): readonly [() => string, boolean] => [() => t(key), numeric];

/** Quantities of wells other than level, in the scene's order: F, pH and so on; two fit. */
function wellQuantities(ctx: Context): readonly string[] {
  const found = new Set<string>();
  const index = ctx.stores.scene.get();
  for (const well of index?.scene.wells ?? []) {
    for (const row of index?.bySensor.get(well.id) ?? []) found.add(row.quantity);
  }
  found.delete('water_level');
  const order = [...found].sort((a, b) => Number(b.startsWith('water:')) - Number(a.startsWith('water:')) || Number(b === 'ph') - Number(a === 'ph'));
  return order.slice(0, 2);
}

function wellValue(ctx: Context, well: string, quantity: string): Value | null {
  return ctx.stores.shown.get().values.get(`${well}/${quantity}`) ?? null;
}

function wellCell(ctx: Context, id: string, quantity: () => string | undefined): HTMLElement {
  const value = (): Value | null => wellValue(ctx, id, quantity() ?? '');
  return h('td', { class: () => `num q-${value()?.q ?? 'missing'}`, hidden: () => quantity() === undefined },
    h('b', {}, () => shown(value()?.v ?? null, quantity() ?? '').text), ' ', h('small', {}, () => shown(null, quantity() ?? '').unit));
}

function wellAge(ctx: Context, id: string): { age: string; stale: boolean } {
  const rows = ctx.stores.scene.get()?.bySensor.get(id) ?? [];
  let newest: Value | null = null;
  for (const row of rows) {
    const value = wellValue(ctx, id, row.quantity);
    if (value && (!newest || value.t > newest.t)) newest = value;
  }
  if (!newest) return { age: t('age.none'), stale: true };
  const age_ms = Math.max(0, ctx.stores.now_ms.get() - newest.t);
  const stale = age_ms > freshFor_ms(rows[0]?.interval_s ?? 60);
  const mark = newest.q === 'good' && !stale ? '' : ` ${valueQuality(newest, stale)}`;
  return { age: `${age(age_ms)}${mark}`, stale };
}

export function wellsPanel(ctx: Context): HTMLElement {
  const wells = (): readonly SceneWell[] => ctx.stores.scene.get()?.scene.wells ?? [];
  const body = h('tbody', {});
  const column = (k: number) => (): string | undefined => wellQuantities(ctx)[k];
  each(body, wells, (well) => well.id, (_item, id) => h('tr', {
    class: () => `${wellAge(ctx, id).stale ? 'is-stale' : ''} ${ctx.stores.selected.get()?.id === id ? 'is-chosen' : ''}`,
    onclick: () => ctx.actions.flyTo('well', id),
  },
  h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, id)),
  wellCell(ctx, id, () => 'water_level'), wellCell(ctx, id, column(0)), wellCell(ctx, id, column(1)),
  h('td', { class: 'num' }, () => wellAge(ctx, id).age)));
  const title = (k: number) => (): string => {
    const quantity = wellQuantities(ctx)[k];
    const first = wells()[0];
    return quantity && first ? quantityName(ctx.stores.scene.get(), `${first.id}/${quantity}`) : '';
  };
  return panel('wells.title', [
    h('table', { class: 'grid', hidden: () => wells().length === 0 },
      headings(head('wells.well'), head('wells.level', true), [title(0), true], [title(1), true], head('wells.age', true)), body),
    empty(() => t('wells.none'), () => wells().length > 0),
  ], { className: 'wells scroll', aside: () => (wells().length > 0 ? t('wells.count', { n: wells().length }) : '') });
}

const DEVICE_SHAPES = { online: '●', silent: '◐', offline: '○', never: '–' } as const;
const DEVICE_ORDER = ['offline', 'silent', 'never', 'online'] as const;

function deviceKind(ctx: Context, sensor: string): 'beam' | 'well' | 'station' {
  const index = ctx.stores.scene.peek();
  if (index?.beam.has(sensor)) return 'beam';
  return index?.well.has(sensor) ? 'well' : 'station';
}

function deviceRow(ctx: Context, item: { get(): Device }): HTMLElement {
  const seen = (): string => {
    const at = item.get().last_seen_ms;
    return at === null ? t('age.none') : age(Math.max(0, ctx.stores.now_ms.get() - at));
  };
  const fly = (): void => {
    const device = item.get();
    const kind = deviceKind(ctx, device.sensor);
    ctx.actions.flyTo(kind, kind === 'station' ? device.station : device.sensor);
  };
  return h('tr', { onclick: fly, title: () => item.get().mn },
    h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, () => item.get().sensor)),
    h('td', {}, h('span', { class: () => `chip device-${item.get().state}` },
      h('i', { 'aria-hidden': 'true' }, () => DEVICE_SHAPES[item.get().state]), () => t(`dev.${item.get().state}`))),
    h('td', { class: 'num' }, seen),
    h('td', { class: 'num' }, () => `${item.get().interval_s} s`),
    h('td', {}, originChip(() => item.get().origin)));
}

export function devicesPanel(ctx: Context): HTMLElement {
  const devices = (): readonly Device[] => [...ctx.stores.shown.get().devices.values()].sort((a, b) =>
    DEVICE_ORDER.indexOf(a.state) - DEVICE_ORDER.indexOf(b.state) || a.sensor.localeCompare(b.sensor));
  const online = (): number => devices().filter((device) => device.state === 'online').length;
  const body = h('tbody', {});
  each(body, devices, (device) => device.mn, (item) => deviceRow(ctx, item));
  return panel('dev.title', [
    h('table', { class: 'grid', hidden: () => devices().length === 0 },
      headings(head('dev.sensor'), head('dev.state'), head('dev.seen', true), head('dev.interval', true), [() => t('origin.tip'), false]), body),
    empty(() => t('dev.none'), () => devices().length > 0),
  ], { className: 'devices scroll', aside: () => (devices().length > 0 ? `${t('dev.online')} ${online()}/${devices().length}` : '') });
}

function sightRow(ctx: Context, item: { get(): SightRow }, id: string): HTMLElement {
  const blocker = (): string => {
    const row = item.get();
    if (!row.blocker_kind) return '—';
    const name = row.blocker_id ? nameOf(ctx.stores.scene.get(), row.blocker_id) : '';
    return `${tMaybe(`sight.kind.${row.blocker_kind}`, row.blocker_kind)} ${name}`.trim();
  };
  return h('tr', { onclick: () => ctx.actions.flyTo('beam', id) },
    h('th', { scope: 'row' }, h('button', { type: 'button', class: 'link' }, id)),
    h('td', {}, h('span', { class: () => `chip ${item.get().clear ? 'device-online' : 'device-offline'}` },
      h('i', { 'aria-hidden': 'true' }, () => (item.get().clear ? '●' : '✕')), () => t(item.get().clear ? 'sight.clear' : 'sight.blocked'))),
    h('td', { class: 'num' }, () => metres(item.get().clearance_m)),
    h('td', {}, blocker),
    h('td', { class: 'num' }, () => {
      const needed = item.get().needed_platform_height_m;
      return needed === null ? '—' : metres(needed);
    }));
}

export function sightPanel(ctx: Context): HTMLElement {
  const rows = (): readonly SightRow[] => [...(ctx.stores.sight.get() ?? [])].sort((a, b) => a.clearance_m - b.clearance_m);
  const body = h('tbody', {});
  each(body, rows, (row) => row.beam, (item, id) => sightRow(ctx, item, id));
  return panel('sight.title', [
    h('table', { class: 'grid', hidden: () => rows().length === 0 },
      headings(head('beams.beam'), head('sight.title'), head('sight.clearance', true), head('sight.blocker'), head('sight.needed', true)), body),
    empty(() => t('sight.none'), () => rows().length > 0),
  ], { className: 'sight scroll', aside: () => (rows().length > 0 ? t('sight.summary', { clear: rows().filter((row) => row.clear).length, all: rows().length }) : '') });
}

type StrataLayer = StrataReport['layers'][number];

function optional(value: number | null): string {
  return value === null ? '—' : metres(value, 2);
}

export function strataPanel(ctx: Context): HTMLElement {
  const report = (): StrataReport | null => ctx.stores.strata.get();
  const layers = (): readonly StrataLayer[] => report()?.layers ?? [];
  const body = h('tbody', {});
  each(body, layers, (layer) => layer.id, (item) => h('tr', {},
    h('th', { scope: 'row' }, h('i', { class: 'swatch', style: () => `background:${item.get().colour}` }), () => say(item.get().name),
      h('small', { class: 'muted', hidden: () => !item.get().aquifer }, () => ` ${t('strata.aquifer')}`)),
    h('td', { class: 'num' }, () => optional(item.get().loo_rmse_m)),
    h('td', { class: 'num' }, () => optional(item.get().sd_mean_m))));
  const z = (): string => {
    const found = report();
    if (!found || found.loo_z_mean === null || found.loo_z_sd === null) return '';
    return t('strata.z', { mean: number(found.loo_z_mean, 2, language()), sd: number(found.loo_z_sd, 2, language()) });
  };
  return panel('strata.title', [
    h('table', { class: 'grid', hidden: () => layers().length === 0 },
      headings(head('strata.layer'), head('strata.loo', true), head('strata.sd', true)), body),
    h('p', { class: 'muted caption', hidden: () => z() === '' }, z),
    empty(() => t('strata.none'), () => layers().length > 0),
  ], { className: 'strata scroll', aside: () => (report() ? t('strata.holes', { n: report()?.boreholes ?? 0 }) : '') });
}

/** What is known of a clicked thing, as pairs of name and value; one small function for every kind. */

import type { Pick } from '../contract';
import { language, say, t, tMaybe } from '../i18n';
import { freshFor_ms } from '../stores/readings';
import { gasSeries, type SceneIndex } from '../stores/scene_index';
import { nearGround } from '../stores/volume';
import { area, count, length, join, number } from '../units';
import type { Origin } from '../contract';
import type { Value } from '../wire';
import type { Context } from './context';
import { age, conc, metres, nameOf, quantity, quantityName, rate, valueQuality } from './words';

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Set on instrument values: what they come from and how good they are. */
  readonly live?: { readonly age: string; readonly quality: string; readonly origin: Origin; readonly stale: boolean; readonly good: boolean };
}

type Facts = (ctx: Context, index: SceneIndex, id: string, at: Pick['at'] | null) => readonly Fact[];

const fact = (name: Parameters<typeof t>[0], value: string): Fact => ({ name: t(name), value });
const degrees = (value: number, decimals = 1): string => `${number(value, decimals, language())}°`;
const long = (value: number): string => join(length(value, language()));

function liveFact(ctx: Context, index: SceneIndex, key: string): Fact {
  const value: Value | undefined = ctx.stores.shown.get().values.get(key);
  const name = quantityName(index, key);
  if (!value) return { name, value: t('detail.nodata') };
  const age_ms = Math.max(0, ctx.stores.now_ms.get() - value.t);
  const stale = age_ms > freshFor_ms(index.series.get(key)?.interval_s ?? 60);
  return {
    name, value: quantity(value.v, key.slice(key.lastIndexOf('/') + 1)),
    live: { age: age(age_ms), quality: valueQuality(value, stale), origin: value.o, stale, good: value.q === 'good' && !stale },
  };
}

function liveFacts(ctx: Context, index: SceneIndex, sensor: string): readonly Fact[] {
  return (index.bySensor.get(sensor) ?? []).map((row) => liveFact(ctx, index, row.key));
}

function modelAt(ctx: Context, x: number, y: number): readonly Fact[] {
  const volume = ctx.stores.frame.get()?.volume;
  const found = volume ? nearGround(volume, x, y, 0) : null;
  return found === null ? [] : [fact('detail.conc', `${conc(found)} · ${t('origin.modelled')}`)];
}

const beam: Facts = (ctx, index, id) => {
  const row = index.beam.get(id);
  if (!row) return [];
  const plume = ctx.stores.plume.get();
  // Where there is a now-cast the card shows it with its band instead.
  const model = plume && !ctx.stores.air.nowcasts.get().has(plume.substance) ? plume.beams[id] : undefined;
  const sight = row.sight;
  return [
    ...gasSeries(index, id).map((series) => liveFact(ctx, index, series.key)),
    ...(model === undefined ? [] : [fact('detail.model', conc(model))]),
    fact('detail.kind.station', nameOf(index, row.station)),
    fact('detail.length', long(row.length)),
    fact('detail.azimuth', degrees(row.azimuth_deg)),
    fact('detail.elevation', degrees(row.elevation_deg)),
    ...(sight ? [fact('detail.sight', `${metres(sight.clearance_m)} · ${t(sight.clear ? 'sight.clear' : 'sight.blocked')}`)] : []),
  ];
};

const station: Facts = (ctx, index, id) => {
  const row = index.station.get(id);
  if (!row) return [];
  return [
    ...(row.weather ? liveFacts(ctx, index, row.weather.id) : []),
    fact('detail.kind.area', nameOf(index, row.area)),
    fact('detail.platform', metres(row.platform)),
    fact('detail.base', metres(row.base + (index.scene.crs.origin[2] ?? 0))),
  ];
};

const well: Facts = (ctx, index, id) => {
  const row = index.well.get(id);
  if (!row) return [];
  return [
    ...liveFacts(ctx, index, id),
    fact('wells.depth', metres(row.depth)),
    fact('wells.screen', `${metres(row.screen[0])} – ${metres(row.screen[1])}`),
    fact('wells.stratum', nameOf(index, row.stratum)),
    fact('detail.base', metres(row.ground + index.scene.crs.origin[2])),
  ];
};

const tank: Facts = (_ctx, index, id) => {
  const row = index.scene.tanks.find((one) => one.id === id);
  if (!row) return [];
  return [
    fact('detail.substance', nameOf(index, row.substance)),
    fact('detail.radius', metres(row.radius)), fact('detail.height', metres(row.height)),
    fact('detail.plot', nameOf(index, row.plot)),
  ];
};

const unit: Facts = (ctx, index, id) => {
  const row = index.scene.units.find((one) => one.id === id);
  if (!row) return [];
  const estimate = ctx.stores.plume.get()?.sources.find((one) => one.unit === id);
  return [
    ...(estimate ? [fact('detail.source', `${rate(estimate.rate_kg_s)} (${rate(estimate.low_kg_s)} – ${rate(estimate.high_kg_s)})`)] : []),
    fact('detail.kind', row.kind), fact('detail.height', metres(row.height)),
    fact('detail.substance', row.substances.map((one) => nameOf(index, one)).join(', ') || '—'),
    fact('detail.plot', nameOf(index, row.plot)),
  ];
};

const building: Facts = (_ctx, index, id) => {
  const row = index.scene.buildings.find((one) => one.id === id);
  return row ? [fact('detail.kind', row.kind), fact('detail.height', metres(row.height)), fact('detail.area', join(area(ringArea(row.ring), language())))] : [];
};

const areaFacts: Facts = (_ctx, index, id) => {
  const row = index.scene.areas.find((one) => one.id === id);
  if (!row) return [];
  const hectares = (value: number): string => `${number(value, 4, language())} ha`;
  return [
    fact('detail.stated', hectares(row.stated_ha)), fact('detail.drawn', hectares(row.drawn_ha)),
    fact('dev.state', t(row.active ? 'detail.active' : 'detail.inactive')),
  ];
};

const plot: Facts = (_ctx, index, id) => {
  const row = index.scene.plots.find((one) => one.id === id);
  return row ? [fact('detail.kind.area', nameOf(index, row.area)), fact('detail.area', join(area(ringArea(row.ring), language())))] : [];
};

const road: Facts = (_ctx, index, id) => {
  const row = index.scene.roads.find((one) => one.id === id);
  return row ? [fact('detail.kind', row.kind), fact('detail.width', metres(row.width)), fact('detail.length', long(lineLength(row.line)))] : [];
};

const water: Facts = (_ctx, index, id) => {
  const row = index.scene.waters.find((one) => one.id === id);
  return row ? [fact('detail.width', metres(row.width)), fact('detail.length', long(lineLength(row.line)))] : [];
};

const settlement: Facts = (ctx, index, id) => {
  const row = index.scene.settlements.find((one) => one.id === id);
  return row ? [fact('detail.people', count(row.people, language())), ...modelAt(ctx, row.x, row.y)] : [];
};

const borehole: Facts = (_ctx, index, id) => {
  const row = index.scene.boreholes.find((one) => one.id === id);
  if (!row) return [];
  const layers = row.layers.map((layer) => ({
    name: nameOf(index, layer.stratum), value: `${metres(layer.top_z - layer.bottom_z)} (${metres(row.ground - layer.top_z)} – ${metres(row.ground - layer.bottom_z)})`,
  }));
  return [fact('detail.depth', metres(row.depth)), ...layers];
};

const ground: Facts = (ctx, _index, _id, at) => (at ? modelAt(ctx, at[0], at[1]) : []);

const KINDS: Readonly<Record<Pick['kind'], Facts>> = {
  beam, station, well, tank, unit, building, area: areaFacts, plot, road, water, settlement, borehole, terrain: ground, section: ground,
};

function ringArea(ring: readonly (readonly [number, number])[]): number {
  let sum = 0;
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length];
    if (b) sum += a[0] * b[1] - b[0] * a[1];
  });
  return Math.abs(sum) / 2;
}

function lineLength(line: readonly (readonly [number, number])[]): number {
  let sum = 0;
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [line[i - 1], line[i]];
    if (a && b) sum += Math.hypot(b[0] - a[0], b[1] - a[1]);
  }
  return sum;
}

/** All that is known of a thing; empty when the scene has no such thing. */
export function facts(ctx: Context, kind: Pick['kind'], id: string, at: Pick['at'] | null): readonly Fact[] {
  const index = ctx.stores.scene.get();
  if (!index) return [];
  const rows = [...KINDS[kind](ctx, index, id, at)];
  const place = at ?? index.places.get(id) ?? null;
  if (place && (kind === 'terrain' || kind === 'section')) {
    rows.push(fact('detail.coords', place.map((value) => number(value, 1, language())).join(', ')));
  }
  return rows;
}

export function detailTitle(index: SceneIndex | null, kind: Pick['kind'], id: string): string {
  if (kind === 'terrain' || kind === 'section') return tMaybe(`detail.kind.${kind}`, kind);
  if (kind === 'beam' || kind === 'well' || kind === 'borehole') return id;
  return nameOf(index, id) || say(id);
}

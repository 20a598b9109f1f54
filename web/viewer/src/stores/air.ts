/** What the models say about the air: now-casts and forecasts by gas, and which map lies on the ground. */

import type { MapSheet } from '../contract';
import type { Forecast, LevelArea, NowCast } from '../wire_air';
import { AIR_TOO_OLD_MS } from './limits';
import { signal, type Signal } from './signal';

/** Which surface of the now-cast lies on the ground. */
export type MapBand = 'p05' | 'p50' | 'p95';

/** What lies on the ground: nothing, concentrations of now, or the chance that a level is exceeded later. */
export type GroundMap =
  | { readonly kind: 'none' }
  | { readonly kind: 'now'; readonly band: MapBand }
  | { readonly kind: 'forecast'; readonly lead_s: number; readonly level: number };

export interface ShownMap {
  readonly source: NowCast | Forecast;
  readonly map: GroundMap;
  readonly sheet: MapSheet;
}

export interface AirStores {
  /** Newest by gas, of now or of the replayed moment. */
  readonly nowcasts: Signal<ReadonlyMap<string, NowCast>>;
  readonly forecasts: Signal<ReadonlyMap<string, Forecast>>;
  readonly groundMap: Signal<GroundMap>;
  readonly shownMap: Signal<ShownMap | null>;
}

export function airStores(): AirStores {
  return {
    nowcasts: signal<ReadonlyMap<string, NowCast>>(new Map()),
    forecasts: signal<ReadonlyMap<string, Forecast>>(new Map()),
    groundMap: signal<GroundMap>({ kind: 'none' }),
    shownMap: signal<ShownMap | null>(null),
  };
}

/** The map with a newer result of its gas; a late old one changes nothing. */
export function withNewer<T extends { readonly substance: string; readonly t: number }>(held: ReadonlyMap<string, T>, next: T): ReadonlyMap<string, T> {
  const old = held.get(next.substance);
  return old && old.t > next.t ? held : new Map(held).set(next.substance, next);
}

/** Name of the layer in a map file. */
export function bandName(map: GroundMap): string | null {
  if (map.kind === 'now') return map.band;
  return map.kind === 'forecast' ? `${map.lead_s}:${map.level}` : null;
}

/** The result that a map shows: of the gas that the page shows, else of the one with most in the air. */
export function sourceOf(
  map: GroundMap, substance: string | null, nowcasts: ReadonlyMap<string, NowCast>, forecasts: ReadonlyMap<string, Forecast>,
): NowCast | Forecast | null {
  if (map.kind === 'none') return null;
  const held: ReadonlyMap<string, NowCast | Forecast> = map.kind === 'now' ? nowcasts : forecasts;
  if (substance !== null) return held.get(substance) ?? null;
  const most = [...nowcasts.values()].sort((a, b) => b.spread.max_kg_m3 - a.spread.max_kg_m3)[0];
  return (most && held.get(most.substance)) ?? [...held.values()][0] ?? null;
}

/** The map that may lie on the ground at a moment: none from a result that is too old. */
export function drawable(shown: ShownMap | null, at_ms: number): ShownMap | null {
  return shown && at_ms - shown.source.t <= AIR_TOO_OLD_MS ? shown : null;
}

/** The moment a forecast map is for, epoch ms; null for a map of now. */
export function validAt_ms(shown: ShownMap): number | null {
  return shown.map.kind === 'forecast' ? shown.source.t + shown.map.lead_s * 1000 : null;
}

/** The level whose chance a forecast map shows. */
export function levelOf(shown: ShownMap): LevelArea | null {
  const { map, source } = shown;
  if (map.kind !== 'forecast' || !('leads' in source)) return null;
  return source.leads[0]?.areas.find((row) => row.level === map.level) ?? null;
}

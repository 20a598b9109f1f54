/**
 * Where it goes and who is in the way. Two answers, kept apart: who stands in the plume that the model
 * computed, and who lies downwind on a straight line at the measured wind (a plain estimate).
 */

import type { Vec3 } from '../contract';
import type { Scene, Value } from '../wire';
import type { SceneIndex } from './scene_index';
import { freshFor_ms } from './readings';
import { nearGround, type Volume } from './volume';

export const CALM_M_S = 0.3;
const HALF_ANGLE_DEG = 25;
const SETTLEMENT_RADIUS_M = 120;

export interface Wind {
  readonly station: string;
  readonly sensor: string;
  readonly speed_m_s: number;
  readonly from_deg: number;
  readonly t: number;
  readonly age_ms: number;
  readonly stale: boolean;
  readonly speed: Value;
  readonly from: Value;
}

/** Wind of every station that has one, in the scene's order. */
export function winds(index: SceneIndex, values: ReadonlyMap<string, Value>, now_ms: number): readonly Wind[] {
  const found: Wind[] = [];
  for (const station of index.scene.stations) {
    const sensor = station.weather?.id;
    if (!sensor) continue;
    const speed = values.get(`${sensor}/wind_speed`);
    const from = values.get(`${sensor}/wind_from`);
    if (!speed || !from || speed.v === null || from.v === null) continue;
    const t = Math.min(speed.t, from.t);
    const age_ms = Math.max(0, now_ms - t);
    const interval_s = index.series.get(`${sensor}/wind_speed`)?.interval_s ?? 60;
    found.push({
      station: station.id, sensor, speed_m_s: speed.v, from_deg: from.v, t, age_ms,
      stale: age_ms > freshFor_ms(interval_s), speed, from,
    });
  }
  return found;
}

/** Vector mean of the winds: speed of the mean vector, FROM bearing; null without wind. */
export function meanWind(rows: readonly Wind[]): { speed_m_s: number; from_deg: number } | null {
  const fresh = rows.filter((row) => !row.stale);
  if (fresh.length === 0) return null;
  let east = 0;
  let north = 0;
  for (const row of fresh) {
    const angle = (row.from_deg * Math.PI) / 180;
    east += row.speed_m_s * Math.sin(angle);
    north += row.speed_m_s * Math.cos(angle);
  }
  east /= fresh.length;
  north /= fresh.length;
  return { speed_m_s: Math.hypot(east, north), from_deg: ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360 };
}

/** Bearing in grid axes, from a true bearing; convergence = grid north minus true north. */
export function gridBearing(true_deg: number, convergence_deg: number): number {
  return (((true_deg - convergence_deg) % 360) + 360) % 360;
}

export interface InTheWay {
  readonly id: string;
  readonly people: number;
  readonly distance_m: number;
  readonly arrival_s: number;
}

/** Settlements within 25 degrees of the straight line downwind of a place, nearest first. */
export function downwind(scene: Scene, place: Vec3, wind: { speed_m_s: number; from_deg: number }): readonly InTheWay[] {
  if (wind.speed_m_s < CALM_M_S) return [];
  const toward = gridBearing(wind.from_deg + 180, scene.crs.convergence_deg);
  return scene.settlements
    .map((row) => {
      const dx = row.x - place[0];
      const dy = row.y - place[1];
      const bearing = ((Math.atan2(dx, dy) * 180) / Math.PI + 360) % 360;
      const off = Math.abs(((bearing - toward + 540) % 360) - 180);
      const distance_m = Math.hypot(dx, dy);
      return { id: row.id, people: row.people, distance_m, arrival_s: distance_m / wind.speed_m_s, off };
    })
    .filter((row) => row.off <= HALF_ANGLE_DEG)
    .sort((a, b) => a.distance_m - b.distance_m)
    .map(({ id, people, distance_m, arrival_s }) => ({ id, people, distance_m, arrival_s }));
}

export interface Exposed {
  readonly id: string;
  readonly people: number;
  readonly conc_kg_m3: number;
}

/** Settlements inside the computed plume near the ground, worst first. */
export function exposed(scene: Scene, volume: Volume): readonly Exposed[] {
  return scene.settlements
    .map((row) => ({ id: row.id, people: row.people, conc_kg_m3: nearGround(volume, row.x, row.y, SETTLEMENT_RADIUS_M) ?? 0 }))
    .filter((row) => row.conc_kg_m3 > 0)
    .sort((a, b) => b.conc_kg_m3 - a.conc_kg_m3);
}

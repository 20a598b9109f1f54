/**
 * What a beam says now, and how bad it is. A doubtful value still counts: a sudden rise is what both a
 * fault and a leak look like. A value during calibration or a fault does not; over range does.
 */

import { RAMP_RANGE_KG_M3, type Origin, type Quality } from '../contract';
import { substanceOf, type SceneThreshold, type Value } from '../wire';
import { gasSeries, type SceneIndex } from './scene_index';

/** -1 = cannot be told, 0 = normal, 1.. = the threshold that is reached. */
export type Level = number;
export const UNKNOWN: Level = -1;

export interface Reading {
  readonly sensor: string;
  readonly key: string;
  readonly substance: string;
  readonly value: Value | null;
  readonly conc_kg_m3: number | null;
  readonly level: Level;
  readonly threshold: SceneThreshold | null;
  /** How near to harm, 0..1, to compare different gases. */
  readonly nearness: number;
  readonly age_ms: number | null;
  readonly stale: boolean;
  readonly overRange: boolean;
  readonly quality: Quality;
  readonly origin: Origin;
}

const GRACE_MS = 15_000;
const MISSED_INTERVALS = 3;
/** A level that was reached and not contradicted since stands this long after the line fell silent. */
export const LAST_WORD_MS = 3_600_000;

/** How old a value of this interval may be before it counts as stale. */
export function freshFor_ms(interval_s: number): number {
  return Math.max(0, interval_s) * 1000 * MISSED_INTERVALS + GRACE_MS;
}

/** Place on the colour ramp, 0..1, logarithmic. */
export function rampLevel(conc_kg_m3: number): number {
  const [low, high] = RAMP_RANGE_KG_M3;
  if (conc_kg_m3 <= low) return 0;
  return Math.min(1, Math.log(conc_kg_m3 / low) / Math.log(high / low));
}

/** Threshold of the highest level that is reached, or null. */
export function reached(conc_kg_m3: number, rows: readonly SceneThreshold[]): SceneThreshold | null {
  let found: SceneThreshold | null = null;
  for (const row of rows) if (conc_kg_m3 >= row.conc_kg_m3 && row.level > (found?.level ?? 0)) found = row;
  return found;
}

/** How near to harm, 0..1: the share of the mildest threshold, or the place on the ramp without one. */
function nearness(conc_kg_m3: number, rows: readonly SceneThreshold[]): number {
  const first = rows[0]?.conc_kg_m3;
  if (first === undefined) return rampLevel(conc_kg_m3) * 0.2;
  const share = Math.max(0, conc_kg_m3) / first;
  return share / (1 + share);
}

function usable(value: Value): boolean {
  return value.v !== null && (value.q === 'good' || value.q === 'doubtful' || value.m === 'T');
}

export function readOne(
  index: SceneIndex, key: string, interval_s: number, origin: Origin, value: Value | null, now_ms: number,
): Reading {
  const cut = key.lastIndexOf('/');
  const substance = substanceOf(key.slice(cut + 1)) ?? '';
  const age_ms = value ? Math.max(0, now_ms - value.t) : null;
  const base = {
    sensor: key.slice(0, cut), key, substance, value, age_ms,
    stale: age_ms === null || age_ms > freshFor_ms(interval_s),
    overRange: value?.m === 'T',
    quality: value?.q ?? ('missing' as const),
    origin: value?.o ?? origin,
  };
  if (!value || value.v === null || !usable(value)) {
    return { ...base, conc_kg_m3: null, level: UNKNOWN, threshold: null, nearness: 0 };
  }
  const limits = index.thresholds.get(substance) ?? [];
  const threshold = reached(value.v, limits);
  const level = Math.max(threshold?.level ?? 0, base.overRange ? 1 : 0);
  return { ...base, conc_kg_m3: value.v, level, threshold, nearness: nearness(value.v, limits) };
}

function severity(reading: Reading): number {
  if (reading.conc_kg_m3 === null) return -10;
  const staleness = reading.stale ? -0.5 : 0;
  return reading.level + reading.nearness * 0.4 + staleness;
}

/** Worse first. */
export function bySeverity(a: Reading, b: Reading): number {
  return severity(b) - severity(a) || a.key.localeCompare(b.key);
}

/** All gas readings of all beams. */
export function readAll(index: SceneIndex, values: ReadonlyMap<string, Value>, now_ms: number): readonly Reading[] {
  return index.scene.beams.flatMap((beam) =>
    gasSeries(index, beam.id).map((series) =>
      readOne(index, series.key, series.interval_s, series.origin, values.get(series.key) ?? null, now_ms)));
}

/**
 * The reading that stands for every beam: the highest level, and while no gas has reached one, the
 * scene's first gas, so that the picture does not jump between gases.
 */
export function standingByBeam(readings: readonly Reading[], order: readonly string[]): ReadonlyMap<string, Reading> {
  const place = (reading: Reading): number => (order.indexOf(reading.substance) + order.length + 1) % (order.length + 1);
  const found = new Map<string, Reading>();
  for (const reading of readings) {
    const held = found.get(reading.sensor);
    const worse = held === undefined || rank(reading) > rank(held)
      || (rank(reading) === rank(held) && (reading.level > 0 ? severity(reading) > severity(held) : place(reading) < place(held)));
    if (worse) found.set(reading.sensor, reading);
  }
  return found;
}

/** Levels first; then a value that can be used, before one that cannot. */
function rank(reading: Reading): number {
  return reading.level > 0 ? reading.level : reading.conc_kg_m3 === null ? -1 : 0;
}

export interface Overall {
  readonly level: Level;
  readonly worst: Reading | null;
  /** Readings at or above a threshold, worse first; stale ones are marked as such. */
  readonly exceedances: readonly Reading[];
  readonly beams: number;
  /** Beams with a fresh usable value. */
  readonly seeing: number;
  readonly doubtful: boolean;
}

function counts(reading: Reading): boolean {
  return reading.conc_kg_m3 !== null && (!reading.stale || (reading.level > 0 && (reading.age_ms ?? Infinity) <= LAST_WORD_MS));
}

/** The park's level. When fewer than half of the beams see, silence is no news: unknown, never normal. */
export function overall(readings: readonly Reading[]): Overall {
  const beams = new Set(readings.map((reading) => reading.sensor)).size;
  const seeing = new Set(readings.filter((row) => row.conc_kg_m3 !== null && !row.stale).map((row) => row.sensor)).size;
  const counting = readings.filter(counts).sort(bySeverity);
  const worst = counting[0] ?? null;
  const exceedances = counting.filter((reading) => reading.level > 0);
  const level = exceedances[0]?.level ?? (2 * seeing < beams || seeing === 0 ? UNKNOWN : 0);
  return { level, worst, exceedances, beams, seeing, doubtful: worst?.quality === 'doubtful' };
}

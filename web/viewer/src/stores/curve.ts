/** Makes a curve ready to draw: gaps stay gaps, doubtful points apart, stopped spans marked. */

import type { Quality } from '../contract';
import type { Series, Value } from '../wire';

export interface CurvePoint {
  readonly t: number;
  readonly v: number | null;
  readonly q: Quality;
}

export interface Curve {
  /** Line with a null wherever it must break. */
  readonly line: readonly (readonly [number, number | null])[];
  readonly doubtful: readonly (readonly [number, number])[];
  /** Spans in which the device did not measure: from, to. */
  readonly stopped: readonly (readonly [number, number])[];
  readonly low: readonly (readonly [number, number | null])[];
  readonly high: readonly (readonly [number, number | null])[];
  readonly max: number | null;
  readonly min: number | null;
}

export function points(series: Series): readonly CurvePoint[] {
  return series.t.map((t, i) => ({ t, v: series.v[i] ?? null, q: series.q[i] ?? 'missing' }));
}

/** Points with a newer live value put at the end. */
export function appended(rows: readonly CurvePoint[], value: Value): readonly CurvePoint[] {
  const last = rows[rows.length - 1];
  if (last && value.t <= last.t) return rows;
  return [...rows, { t: value.t, v: value.v, q: value.q }];
}

/** Gap that breaks the line: three intervals, and never less than the step. */
export function gap_ms(interval_s: number, step: Series['step']): number {
  const least = step === 'hour' ? 3_600_000 : step === 'minute' ? 60_000 : 1000;
  return Math.max(interval_s * 1000, least) * 3.01;
}

function spans(rows: readonly CurvePoint[], width_ms: number): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (const row of rows) {
    if (row.q !== 'not_measuring') continue;
    const last = found[found.length - 1];
    if (last && row.t - last[1] <= width_ms) last[1] = row.t;
    else found.push([row.t, row.t]);
  }
  return found.map(([from, to]) => [from, Math.max(to, from + width_ms / 3)]);
}

export function shape(rows: readonly CurvePoint[], width_ms: number): Pick<Curve, 'line' | 'doubtful' | 'stopped' | 'max' | 'min'> {
  const line: [number, number | null][] = [];
  const doubtful: [number, number][] = [];
  let max: number | null = null;
  let min: number | null = null;
  let last_t: number | null = null;
  for (const row of rows) {
    if (last_t !== null && row.t - last_t > width_ms) line.push([last_t + 1, null]);
    last_t = row.t;
    const usable = row.v !== null && (row.q === 'good' || row.q === 'doubtful');
    line.push([row.t, usable ? row.v : null]);
    if (!usable || row.v === null) continue;
    max = max === null ? row.v : Math.max(max, row.v);
    min = min === null ? row.v : Math.min(min, row.v);
    if (row.q === 'doubtful') doubtful.push([row.t, row.v]);
  }
  return { line, doubtful, stopped: spans(rows, width_ms), max, min };
}

/** Step that keeps a curve under about a thousand points. */
export function stepFor(window_h: number, interval_s: number): Series['step'] {
  const raw = (window_h * 3600) / Math.max(1, interval_s);
  if (raw <= 1500) return 'raw';
  return window_h <= 24 ? 'minute' : 'hour';
}

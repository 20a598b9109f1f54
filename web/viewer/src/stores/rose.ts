/** Counts winds by direction and speed for a wind rose. */

import { CALM_M_S } from './downwind';

export const SECTORS = 16;
/** Lower bounds of the speed classes above calm, m/s. */
export const CLASSES_M_S = [CALM_M_S, 2, 4] as const;

export interface Rose {
  /** Share of all samples, `[sector][class]`, sector 0 = wind from north. */
  readonly shares: readonly (readonly number[])[];
  readonly calm: number;
  readonly samples: number;
}

export interface Column {
  readonly t: readonly number[];
  readonly v: readonly (number | null)[];
  readonly q: readonly string[];
}

/** Rose of pairs of speed and FROM direction with the same time; only good values count. */
export function windRose(speed: Column, from: Column): Rose {
  const counts = Array.from({ length: SECTORS }, () => CLASSES_M_S.map(() => 0));
  const direction = new Map(from.t.map((time, i) => [time, from.q[i] === 'good' ? from.v[i] : null]));
  let samples = 0;
  let calm = 0;
  speed.t.forEach((time, i) => {
    const value = speed.v[i];
    const bearing = direction.get(time);
    if (value === null || value === undefined || speed.q[i] !== 'good') return;
    if (bearing === null || bearing === undefined) return;
    samples += 1;
    if (value < CALM_M_S) {
      calm += 1;
      return;
    }
    const sector = Math.round((((bearing % 360) + 360) % 360) / (360 / SECTORS)) % SECTORS;
    const kind = CLASSES_M_S.reduce((best, low, k) => (value >= low ? k : best), 0);
    const row = counts[sector];
    if (row) row[kind] = (row[kind] ?? 0) + 1;
  });
  const all = Math.max(1, samples);
  return { shares: counts.map((row) => row.map((n) => n / all)), calm: calm / all, samples };
}

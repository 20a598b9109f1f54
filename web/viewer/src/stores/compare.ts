/** What every beam measures beside what the now-cast gives for it; pure. */

import type { Quality } from '../contract';
import type { Band, NowCast } from '../wire_air';

export interface Compared {
  readonly sensor: string;
  /** Band made before the reading was used where there is one: the honest test; else the fitted one. */
  readonly predicted: Band;
  readonly ahead: boolean;
  readonly measured: number | null;
  readonly measured_t: number | null;
  readonly quality: Quality;
  /** Null where there is nothing to compare. */
  readonly outside: boolean | null;
  /** How far the reading lies from the median, in half widths of the band; 0 without a reading. */
  readonly distance: number;
}

export function compare(nowcast: NowCast | null): readonly Compared[] {
  const rows = (nowcast?.beams ?? []).map((beam): Compared => {
    const predicted = beam.ahead ?? beam.predicted;
    const half = Math.max((predicted.high - predicted.low) / 2, 1e-12);
    const apart = beam.measured === null ? 0 : Math.abs(beam.measured - predicted.median) / half;
    return {
      sensor: beam.sensor, predicted, ahead: beam.ahead !== null, measured: beam.measured, measured_t: beam.measured_t, quality: beam.quality,
      outside: beam.measured === null ? null : beam.measured < predicted.low || beam.measured > predicted.high, distance: apart,
    };
  });
  return rows.sort((a, b) => rank(b) - rank(a) || a.sensor.localeCompare(b.sensor));
}

function rank(row: Compared): number {
  return row.measured === null ? -1 : row.distance;
}

export interface ComparedGas extends Compared {
  readonly substance: string;
  /** Moment of the now-cast, epoch ms. */
  readonly t: number;
}

/** One beam beside the now-casts of all gases that it measures, the wanted gas first. */
export function compareBeam(nowcasts: ReadonlyMap<string, NowCast>, sensor: string, wanted: string | null): readonly ComparedGas[] {
  const rows = [...nowcasts.values()].flatMap((cast) => {
    const row = compare(cast).find((one) => one.sensor === sensor);
    return row ? [{ ...row, substance: cast.substance, t: cast.t }] : [];
  });
  const first = (row: ComparedGas): number => (row.substance === wanted ? 0 : 1);
  return rows.sort((a, b) => first(a) - first(b) || a.substance.localeCompare(b.substance));
}

export interface Agreement {
  readonly n: number;
  readonly inside: number;
}

/** How many of the readings lie inside their bands. */
export function agreement(rows: readonly Compared[]): Agreement {
  const judged = rows.filter((row) => row.outside !== null);
  return { n: judged.length, inside: judged.filter((row) => row.outside === false).length };
}

/** What the air says over the wire, as docs/api.md ("The air: shapes") tells. SI units; epoch milliseconds. */

import type { Origin, Quality } from './contract';
import type { Text } from './wire';

/** P05, median, P95. */
export interface Band {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface LevelArea {
  readonly level: number;
  readonly name: Text;
  readonly conc_kg_m3: number;
  readonly area_m2: number;
  readonly reach_m: number | null;
}

export interface Spread {
  readonly max_kg_m3: number;
  readonly mass_kg_m: number;
  readonly x_m: number | null;
  readonly y_m: number | null;
  readonly towards_deg: number | null;
  readonly speed_m_s: number | null;
  readonly areas: readonly LevelArea[];
}

/** Cells of a map; the corner is that of the first cell, row 0 = south. */
export interface MapGrid {
  readonly x_min_m: number;
  readonly y_min_m: number;
  readonly dx_m: number;
  readonly dy_m: number;
  readonly nx: number;
  readonly ny: number;
}

export interface BeamNow {
  readonly sensor: string;
  readonly predicted: Band;
  /** Of the same block, from readings before it only: the honest test. */
  readonly ahead: Band | null;
  readonly measured: number | null;
  readonly measured_t: number | null;
  readonly age_s: number | null;
  readonly quality: Quality;
}

interface AirResult {
  readonly run: string;
  readonly k: number;
  readonly substance: string;
  readonly t: number;
  readonly url: string;
  readonly bytes: number;
  readonly origin: Origin;
  readonly solver: string;
  readonly notes: readonly string[];
  readonly inputs: readonly string[];
  readonly grid: MapGrid | null;
  readonly bands: readonly string[];
}

export interface NowCast extends AirResult {
  readonly broken: readonly string[];
  readonly background: Band;
  readonly rates: readonly {
    readonly unit: string; readonly rate_kg_s: number; readonly low_kg_s: number; readonly high_kg_s: number | null;
    readonly probability: number;
  }[];
  readonly beams: readonly BeamNow[];
  readonly spread: Spread;
}

export interface Arrival {
  readonly place: string;
  readonly name: Text;
  readonly kind: 'settlement' | 'fence';
  readonly level: number;
  readonly lead_s: number | null;
  readonly probability: number;
}

export interface Forecast extends AirResult {
  readonly forecast: true;
  readonly wind: string;
  readonly rates: string;
  readonly members: number;
  readonly leads: readonly { readonly lead_s: number; readonly max_kg_m3: number; readonly areas: readonly LevelArea[] }[];
  readonly beams: readonly { readonly sensor: string; readonly lead_s: number; readonly value: Band }[];
  readonly arrivals: readonly Arrival[];
}

export interface Residuals {
  readonly n: number;
  readonly bias_kg_m3: number | null;
  readonly fac2: number | null;
  readonly coverage: number | null;
  readonly floor_kg_m3: number;
}

export interface PredictedBeams {
  readonly substance: string;
  readonly origin: Origin;
  readonly truncated: boolean;
  readonly residuals: Residuals;
  readonly beams: readonly {
    readonly sensor: string; readonly t: readonly number[]; readonly median: readonly number[]; readonly low: readonly number[];
    readonly high: readonly number[]; readonly measured: readonly (number | null)[]; readonly quality: readonly Quality[];
    readonly residuals: Residuals;
  }[];
}

export interface SpreadCourse {
  readonly substance: string;
  readonly t: readonly number[];
  readonly max_kg_m3: readonly number[];
  readonly towards_deg: readonly (number | null)[];
  readonly speed_m_s: readonly (number | null)[];
  readonly levels: readonly LevelArea[];
  readonly area_m2: readonly (readonly number[])[];
  readonly reach_m: readonly (readonly (number | null)[])[];
  readonly arrivals: readonly Arrival[];
  readonly truncated: boolean;
}

export interface WindRose {
  readonly stations: readonly string[];
  readonly from_ms: number;
  readonly to_ms: number;
  readonly n: number;
  readonly sectors: number;
  readonly speeds_m_s: readonly number[];
  readonly share: readonly (readonly number[])[];
  readonly mean_m_s: readonly (number | null)[];
  readonly calm: number;
  readonly origin: Origin;
}

/** Mean over all beams and the largest of them, step by step. */
export interface AirCurves {
  readonly substance: string;
  readonly step: 'minute' | 'hour';
  readonly t: readonly number[];
  readonly mean: readonly (number | null)[];
  readonly largest: readonly (number | null)[];
  readonly sensor: readonly (string | null)[];
  readonly n: readonly number[];
  readonly origin: Origin;
}

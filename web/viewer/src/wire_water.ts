/** What the groundwater says over the wire, as docs/api.md ("The water: shapes") tells. SI units; epoch milliseconds. */

import type { Origin, Quality } from './contract';
import type { Text } from './wire';
import type { Band, MapGrid } from './wire_air';

export type { Band } from './wire_air';

/** Closed rings in local metres; a place is inside where an odd number of them goes round it. */
export type Rings = readonly (readonly (readonly [number, number])[])[];

/** What a well said last of a substance, kg/m3; null where it is not good. */
export interface WellReading {
  readonly value: number | null;
  readonly t: number;
  readonly age_s: number;
  readonly quality: Quality;
  readonly origin: Origin;
  /** Good and young enough to correct the model and to warn. */
  readonly fresh: boolean;
}

export interface WaterWell {
  readonly sensor: string;
  readonly x_m: number;
  readonly y_m: number;
  readonly z_m: number;
  readonly stratum: string;
  /** Head, metres in the local frame: 2.5 %, median, 97.5 %. */
  readonly level: Band;
  readonly measured_level: number | null;
  readonly measured_t: number | null;
  readonly age_s: number | null;
  readonly quality: Quality;
  readonly conc: Readonly<Record<string, Band>>;
  readonly measured_conc: Readonly<Record<string, number | null>>;
  /** By substance, each with moment, age and origin of its own. */
  readonly measured?: Readonly<Record<string, WellReading>>;
  /** Of the well's values; null without any. */
  readonly origin?: Origin | null;
  readonly drawdown_m: Band;
  /** What the well's indicators warn of. */
  readonly warning: Text | null;
}

export interface Front {
  readonly substance: string;
  readonly lead_s: number;
  readonly limit_kg_m3: number;
  /** Class of GB/T 14848 whose limit this is, or what else the limit is. */
  readonly class: string;
  readonly median: Rings;
  /** Surely inside (2.5 %) and possibly inside (97.5 %). */
  readonly low: Rings;
  readonly high: Rings;
  readonly area_m2: Band;
  readonly reach_m: Band;
}

export type Risk = 'none' | 'low' | 'medium' | 'high';

export interface WaterTarget {
  readonly id: string;
  readonly name: Text;
  readonly kind: string;
  readonly x_m: number;
  readonly y_m: number;
  readonly substance: string;
  readonly limit_kg_m3: number;
  readonly probability_365d: number;
  readonly arrival_s: Band | null;
  readonly peak_kg_m3: Band;
  readonly risk: Risk;
  readonly response: string | null;
}

export interface WaterVolume {
  readonly substance: string;
  readonly lead_s: number;
  readonly band: 'median' | 'p975';
  readonly url: string;
  readonly bytes: number;
  readonly max_kg_m3: number;
}

export interface WaterNow {
  readonly run: string;
  readonly k: number;
  readonly t: number;
  readonly origin: Origin;
  readonly solver: string;
  readonly notes: readonly string[];
  readonly inputs: readonly string[];
  readonly members: number;
  readonly substances: readonly string[];
  readonly grid: MapGrid & { readonly layers: number };
  readonly wells: readonly WaterWell[];
  readonly budget: readonly { readonly name: string; readonly in_m3_s: number; readonly out_m3_s: number }[];
  readonly mass: readonly { readonly substance: string; readonly name: string; readonly in_kg: number; readonly out_kg: number }[];
  readonly mass_now_kg: Readonly<Record<string, Band>>;
  /** Natural background: volumes and masses lie above it, wells, limits and peaks hold it. */
  readonly background_kg_m3: Readonly<Record<string, number>>;
  readonly fronts: readonly Front[];
  readonly targets: readonly WaterTarget[];
  readonly flow_lines: Rings;
  readonly learning: {
    /** Null where it was not computed: no held-out well spoke, or there is too little history to learn from. */
    readonly rmse_darcy_m: number | null; readonly rmse_joined_m: number | null; readonly kept: boolean; readonly held_out: readonly string[];
    /** What was added to the level of a well, where a learner helps. */
    readonly correction_m?: Readonly<Record<string, number>>;
  } | null;
  readonly assimilation: {
    readonly spread_error: number | null; readonly rmse_before_m: number; readonly rmse_after_m: number; readonly groups: unknown;
  } | null;
  readonly volumes: readonly WaterVolume[];
  /** Bands head_median, head_sd, drawdown; metres. */
  readonly heads_url: string | null;
  readonly vertical: readonly {
    readonly substance: string; readonly lead_s: number; readonly depth_m: readonly number[]; readonly mass_kg: readonly number[];
  }[];
}

export interface RemedyLead {
  readonly lead_s: number;
  readonly mass_kg: Band;
  readonly area_m2: Band;
  readonly max_kg_m3: Band;
  /** Targets that are at risk then: how many, or which. */
  readonly risk_targets: number | readonly string[];
}

export interface Remedy {
  readonly id: string;
  readonly name: Text;
  readonly kind: string;
  readonly cost_cny: Band | null;
  readonly agent: Text | null;
  readonly amount: { readonly value: number; readonly unit: string } | null;
  readonly area: Rings | null;
  readonly leads: readonly RemedyLead[];
  readonly fronts: readonly { readonly lead_s: number; readonly median: Rings }[];
  readonly volumes: readonly { readonly lead_s: number; readonly url: string }[];
}

export interface WaterComparison {
  readonly run: string;
  readonly k: number;
  readonly t: number;
  readonly origin: Origin;
  readonly substance: string;
  readonly exercise: boolean;
  /** Id of the option that does nothing. */
  readonly baseline: string;
  readonly options: readonly Remedy[];
  readonly best: string | null;
  readonly why: Text;
  /** Of the ensemble that every option was tried on. */
  readonly members?: number;
}

/** A forecast asked for a response, asks for another, or for none any more. */
export interface WaterWarning {
  readonly run: string;
  readonly k: number;
  readonly t: number;
  readonly origin: Origin;
  readonly exercise: boolean;
  readonly subject: string;
  readonly kind: 'target' | 'well';
  readonly name: Text;
  readonly substance: string;
  /** `standing`: said again; `unknown`: its source is silent, so it is not over. */
  readonly state: 'raised' | 'changed' | 'ended' | 'standing' | 'unknown';
  readonly risk: Risk | null;
  readonly response: string | null;
  readonly text: Text;
}

/** What the stream says of a new row; the row itself is fetched. */
export interface WaterHeard {
  readonly kind: 'nowcast' | 'comparison' | 'event';
  readonly run: string;
  readonly k: number;
  readonly t: number;
  readonly origin: Origin;
}

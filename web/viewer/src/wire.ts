/** What goes over the wire, as docs/wire.md says. SI units; times in epoch milliseconds. */

import type { Origin, Quality, Vec3 } from './contract';

export interface Text {
  readonly zh: string;
  readonly en: string;
}

export interface Value {
  readonly s: string;
  readonly t: number;
  readonly v: number | null;
  readonly q: Quality;
  /** Device mark of HJ 212: N normal, C calibration, T over range, ... */
  readonly m: string;
  /** Automatic marks, a bit set. */
  readonly c: number;
  readonly o: Origin;
}

export type DeviceState = 'online' | 'silent' | 'offline' | 'never';

export interface Device {
  readonly mn: string;
  readonly sensor: string;
  readonly station: string;
  readonly state: DeviceState;
  readonly last_seen_ms: number | null;
  readonly interval_s: number;
  readonly origin: Origin;
}

export interface SourceEstimate {
  readonly unit: string;
  readonly rate_kg_s: number;
  readonly low_kg_s: number;
  readonly high_kg_s: number;
}

export interface Plume {
  readonly run: string;
  readonly k: number;
  readonly substance: string;
  readonly t: number;
  readonly url: string;
  readonly bytes: number;
  readonly max_kg_m3: number;
  readonly origin: Origin;
  readonly solver: string;
  readonly notes: readonly string[];
  readonly inputs: readonly string[];
  readonly sources: readonly SourceEstimate[];
  readonly beams: Readonly<Record<string, number>>;
}

export interface WaterTable {
  readonly run: string;
  readonly k: number;
  readonly t: number;
  readonly url: string;
  readonly origin: Origin;
  readonly loo_rmse_m: number | null;
}

export interface Span {
  readonly from_ms: number | null;
  readonly to_ms: number | null;
}

export interface State {
  readonly cursor: string;
  readonly at: number | null;
  readonly now_ms: number;
  readonly data_ms: number | null;
  readonly values: readonly Value[];
  readonly devices: readonly Device[];
  readonly plumes: readonly Plume[];
  readonly watertable: WaterTable | null;
  readonly span: Span | null;
}

export interface ParkInfo {
  readonly park_id: string;
  readonly hash: string;
  readonly scene_url: string;
  readonly name: Text;
  readonly notice: Text;
  readonly version?: string;
  readonly language?: string;
  readonly utc_offset_h?: number;
  readonly has_simulated?: boolean;
}

export type Step = 'raw' | 'minute' | 'hour';

export interface Series {
  readonly key: string;
  readonly step: Step;
  readonly si_unit: string;
  readonly origin: Origin;
  readonly truncated: boolean;
  readonly t: readonly number[];
  readonly v: readonly (number | null)[];
  readonly q: readonly Quality[];
  readonly low: readonly (number | null)[] | null;
  readonly high: readonly (number | null)[] | null;
  readonly n: readonly number[] | null;
}

export interface SightRow {
  readonly beam: string;
  readonly clear: boolean;
  readonly clearance_m: number;
  readonly blocker_kind: string | null;
  readonly blocker_id: string | null;
  readonly blocker_at_m: number | null;
  readonly needed_platform_height_m: number | null;
}

export interface StrataReport {
  readonly boreholes: number;
  readonly layers: readonly {
    readonly id: string;
    readonly name: Text;
    readonly colour: string;
    readonly aquifer: boolean;
    readonly loo_rmse_m: number | null;
    readonly sd_mean_m: number | null;
  }[];
  readonly loo_z_mean: number | null;
  readonly loo_z_sd: number | null;
}

export interface WireError {
  readonly ok: false;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly message_zh: string;
  readonly field?: string | null;
  readonly value?: unknown;
}

type Ring = readonly (readonly [number, number])[];

export interface SceneStation {
  readonly id: string;
  readonly name: Text;
  readonly area: string;
  readonly x: number;
  readonly y: number;
  readonly base: number;
  readonly platform: number;
  readonly parts: readonly string[];
  readonly weather: {
    readonly id: string; readonly x: number; readonly y: number; readonly z: number; readonly height: number;
  } | null;
}

export interface SceneBeam {
  readonly id: string;
  readonly station: string;
  readonly name: Text;
  readonly a: Vec3;
  readonly b: Vec3;
  readonly length: number;
  readonly azimuth_deg: number;
  readonly elevation_deg: number;
  readonly sight: {
    readonly clear: boolean; readonly clearance_m: number; readonly blocker: string | null;
    readonly needed_platform_m: number | null;
  } | null;
}

export interface SceneWell {
  readonly id: string;
  readonly name: Text;
  readonly x: number;
  readonly y: number;
  readonly ground: number;
  readonly depth: number;
  readonly screen: readonly [number, number];
  readonly stratum: string;
  readonly group: string;
}

export interface SceneThreshold {
  readonly substance: string;
  readonly level: number;
  readonly name: Text;
  readonly conc_kg_m3: number;
  readonly source: string;
}

export interface SceneSeries {
  readonly key: string;
  readonly sensor: string;
  readonly quantity: string;
  readonly name: Text;
  readonly si_unit: string;
  readonly unit: string;
  readonly decimals: number;
  readonly origin: Origin;
  readonly interval_s: number;
}

export interface Bookmark {
  readonly id: string;
  readonly name: Text;
  readonly target: Vec3;
  readonly position: Vec3;
}

export interface Scene {
  readonly schema: string;
  readonly park_id: string;
  readonly hash: string;
  readonly name: Text;
  readonly notice: Text;
  readonly terrain_is_demonstration: boolean;
  readonly placement_is_approximate: boolean;
  readonly crs: {
    readonly epsg: number; readonly origin: Vec3; readonly convergence_deg: number;
    readonly vertical_datum: string; readonly lon: number; readonly lat: number;
  };
  readonly utc_offset_h: number;
  readonly extent: readonly [number, number, number, number];
  readonly z_range: readonly [number, number];
  readonly terrain: { readonly max_error_m: number; readonly max_error_fence_m: number; readonly triangles: number };
  readonly strata: {
    readonly layers: readonly { readonly id: string; readonly name: Text; readonly colour: string; readonly aquifer: boolean }[];
    readonly boreholes: number;
  } | null;
  readonly areas: readonly {
    readonly id: string; readonly name: Text; readonly ring: Ring; readonly stated_ha: number;
    readonly drawn_ha: number; readonly active: boolean;
  }[];
  readonly plots: readonly { readonly id: string; readonly name: Text; readonly ring: Ring; readonly area: string }[];
  readonly buildings: readonly {
    readonly id: string; readonly name: Text; readonly ring: Ring; readonly base: number; readonly height: number;
    readonly kind: string;
  }[];
  readonly tanks: readonly {
    readonly id: string; readonly name: Text; readonly x: number; readonly y: number; readonly base: number;
    readonly radius: number; readonly height: number; readonly substance: string; readonly plot: string;
  }[];
  readonly units: readonly {
    readonly id: string; readonly name: Text; readonly x: number; readonly y: number; readonly z: number;
    readonly height: number; readonly kind: string; readonly substances: readonly string[]; readonly plot: string;
  }[];
  readonly roads: readonly {
    readonly id: string; readonly name: Text; readonly line: Ring; readonly width: number; readonly kind: string;
  }[];
  readonly waters: readonly { readonly id: string; readonly name: Text; readonly line: Ring; readonly width: number }[];
  readonly settlements: readonly {
    readonly id: string; readonly name: Text; readonly x: number; readonly y: number; readonly z: number;
    readonly people: number;
  }[];
  readonly stations: readonly SceneStation[];
  readonly beams: readonly SceneBeam[];
  readonly wells: readonly SceneWell[];
  readonly boreholes: readonly {
    readonly id: string; readonly x: number; readonly y: number; readonly ground: number; readonly depth: number;
    readonly layers: readonly { readonly stratum: string; readonly top_z: number; readonly bottom_z: number }[];
  }[];
  readonly substances: readonly {
    readonly id: string; readonly name: Text; readonly formula: string; readonly cas: string;
    readonly molar_mass_kg_mol: number;
  }[];
  readonly thresholds: readonly SceneThreshold[];
  readonly series: readonly SceneSeries[];
  readonly bookmarks: readonly Bookmark[];
}

const LISTS = [
  'areas', 'plots', 'buildings', 'tanks', 'units', 'roads', 'waters', 'settlements', 'stations', 'beams', 'wells',
  'boreholes', 'substances', 'thresholds', 'series', 'bookmarks',
] as const;

/** Checks what everything else leans on; absent lists become empty. Throws Error naming the field. */
export function readScene(raw: unknown): Scene {
  if (typeof raw !== 'object' || raw === null) throw new Error('scene.json: expected an object');
  const scene = raw as Record<string, unknown>;
  if (scene['schema'] !== 'twin-scene/1') {
    throw new Error(`scene.json: schema is ${String(scene['schema'])}, expected twin-scene/1`);
  }
  if (!Array.isArray(scene['extent']) || scene['extent'].length !== 4) {
    throw new Error('scene.json: extent must be four numbers');
  }
  const filled: Record<string, unknown> = { ...scene };
  for (const name of LISTS) {
    const list = scene[name] ?? [];
    if (!Array.isArray(list)) throw new Error(`scene.json: ${name} must be a list`);
    filled[name] = list;
  }
  return filled as unknown as Scene;
}

/** Sensor and quantity of a series key such as `FB1-B03/conc:hf`. */
export function splitKey(key: string): { sensor: string; quantity: string } {
  const cut = key.lastIndexOf('/');
  return cut < 0 ? { sensor: key, quantity: '' } : { sensor: key.slice(0, cut), quantity: key.slice(cut + 1) };
}

/** Substance of `conc:hf` or `water:f`, else null. */
export function substanceOf(quantity: string): string | null {
  const match = /^(?:conc|water):(.+)$/.exec(quantity);
  return match?.[1] ?? null;
}

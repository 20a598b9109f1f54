import { FormatError } from './delta';
import type { Extent } from './tin';

type Point2 = readonly [number, number];
type Point3 = readonly [number, number, number];
export type Text = string | { readonly zh: string; readonly en: string };

export interface AreaDoc { readonly id: string; readonly name: Text; readonly ring: readonly Point2[]; readonly active?: boolean }
export interface PlotDoc { readonly id: string; readonly name: Text; readonly ring: readonly Point2[]; readonly area: string }
export interface BuildingDoc { readonly id: string; readonly ring: readonly Point2[]; readonly base: number; readonly height: number; readonly kind: string }
export interface TankDoc { readonly id: string; readonly x: number; readonly y: number; readonly base: number; readonly radius: number; readonly height: number; readonly substance: string }
export interface UnitDoc { readonly id: string; readonly x: number; readonly y: number; readonly z: number; readonly height: number; readonly kind: string }
export interface LineDoc { readonly id: string; readonly line: readonly Point2[]; readonly width: number; readonly kind?: string }
export interface SettlementDoc { readonly id: string; readonly x: number; readonly y: number; readonly z: number; readonly people: number }
export interface WeatherDoc { readonly id: string; readonly x: number; readonly y: number; readonly z: number; readonly height: number }
export interface StationDoc {
  readonly id: string; readonly x: number; readonly y: number; readonly base: number;
  /** Height of the platform above the base, metres. */
  readonly platform: number;
  readonly parts?: readonly string[];
  readonly weather?: WeatherDoc | null;
}
export interface BeamDoc { readonly id: string; readonly station: string; readonly a: Point3; readonly b: Point3 }
export interface WellDoc {
  readonly id: string; readonly x: number; readonly y: number; readonly ground: number; readonly depth: number;
  /** Top and bottom of the screen, metres below ground. */
  readonly screen: Point2;
  readonly stratum: string;
}
export interface BoreholeDoc {
  readonly id: string; readonly x: number; readonly y: number; readonly ground: number; readonly depth: number;
  readonly layers: readonly { readonly stratum: string; readonly top_z: number; readonly bottom_z: number }[];
}
export interface StratumDoc { readonly id: string; readonly name: Text; readonly colour: string; readonly aquifer: boolean }

/** What the 3D world reads of `scene.json` (docs/wire.md has all of it). */
export interface SceneDoc {
  readonly extent: Extent;
  readonly z_range: Point2;
  readonly crs: { readonly convergence_deg: number };
  readonly terrain: { readonly url: string; readonly triangles?: number };
  readonly heights: { readonly url: string };
  readonly ground: { readonly url: string } | null;
  readonly strata: { readonly url: string; readonly layers: readonly StratumDoc[] } | null;
  readonly areas: readonly AreaDoc[];
  readonly plots: readonly PlotDoc[];
  readonly buildings: readonly BuildingDoc[];
  readonly tanks: readonly TankDoc[];
  readonly units: readonly UnitDoc[];
  readonly roads: readonly LineDoc[];
  readonly waters: readonly LineDoc[];
  readonly settlements: readonly SettlementDoc[];
  readonly stations: readonly StationDoc[];
  readonly beams: readonly BeamDoc[];
  readonly wells: readonly WellDoc[];
  readonly boreholes: readonly BoreholeDoc[];
}

const LISTS = [
  'areas', 'plots', 'buildings', 'tanks', 'units', 'roads', 'waters', 'settlements', 'stations', 'beams', 'wells',
  'boreholes',
] as const;

/** Checks the frame of a scene and fills absent lists; throws FormatError naming the field. */
export function parseScene(value: unknown): SceneDoc {
  const doc = record(value, 'scene');
  if (doc.schema !== 'twin-scene/1') throw new FormatError(`scene.schema is ${String(doc.schema)}, expected twin-scene/1`);
  const extent = numbers(doc.extent, 4, 'extent');
  if (!((extent[2] ?? 0) > (extent[0] ?? 0) && (extent[3] ?? 0) > (extent[1] ?? 0))) {
    throw new FormatError(`scene.extent is empty: ${extent.join(', ')}`);
  }
  numbers(doc.z_range, 2, 'z_range');
  for (const name of ['terrain', 'heights'] as const) {
    if (typeof record(doc[name], name).url !== 'string') throw new FormatError(`scene.${name}.url is not a text`);
  }
  const lists = Object.fromEntries(LISTS.map((name) => {
    const list = doc[name] ?? [];
    if (!Array.isArray(list)) throw new FormatError(`scene.${name} is not a list`);
    return [name, list];
  }));
  const crs = record(doc.crs ?? {}, 'crs');
  const convergence_deg = typeof crs.convergence_deg === 'number' ? crs.convergence_deg : 0;
  return { ...doc, ...lists, ground: doc.ground ?? null, strata: doc.strata ?? null, crs: { ...crs, convergence_deg } } as unknown as SceneDoc;
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FormatError(`${name} is not an object`);
  return value as Record<string, unknown>;
}

function numbers(value: unknown, count: number, name: string): readonly number[] {
  const good = Array.isArray(value) && value.length === count && value.every((v) => Number.isFinite(v));
  if (!good) throw new FormatError(`scene.${name} is not ${count} numbers`);
  return value as readonly number[];
}

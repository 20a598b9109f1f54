/** The scene's lists, ready to look things up by id. */

import type { Vec3 } from '../contract';
import { substanceOf, type Scene, type SceneBeam, type SceneSeries, type SceneStation, type SceneThreshold, type SceneWell, type Text } from '../wire';

export interface SceneIndex {
  readonly scene: Scene;
  readonly beam: ReadonlyMap<string, SceneBeam>;
  readonly station: ReadonlyMap<string, SceneStation>;
  readonly well: ReadonlyMap<string, SceneWell>;
  readonly series: ReadonlyMap<string, SceneSeries>;
  /** Series of a sensor, in the scene's order. */
  readonly bySensor: ReadonlyMap<string, readonly SceneSeries[]>;
  /** The lowest threshold of every level of a substance in air, mildest level first. */
  readonly thresholds: ReadonlyMap<string, readonly SceneThreshold[]>;
  readonly names: ReadonlyMap<string, Text>;
  readonly formulas: ReadonlyMap<string, string>;
  readonly places: ReadonlyMap<string, Vec3>;
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function grouped<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group) group.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

export function middle(a: Vec3, b: Vec3): Vec3 {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
}

function centre(ring: readonly (readonly [number, number])[], z: number): Vec3 {
  let x = 0;
  let y = 0;
  for (const point of ring) {
    x += point[0];
    y += point[1];
  }
  const n = Math.max(1, ring.length);
  return [x / n, y / n, z];
}

function allPlaces(scene: Scene): Map<string, Vec3> {
  const places = new Map<string, Vec3>();
  for (const row of scene.areas) places.set(row.id, centre(row.ring, 0));
  for (const row of scene.plots) places.set(row.id, centre(row.ring, 0));
  for (const row of scene.buildings) places.set(row.id, centre(row.ring, row.base + row.height / 2));
  for (const row of scene.tanks) places.set(row.id, [row.x, row.y, row.base + row.height / 2]);
  for (const row of scene.units) places.set(row.id, [row.x, row.y, row.z]);
  for (const row of scene.settlements) places.set(row.id, [row.x, row.y, row.z]);
  for (const row of scene.boreholes) places.set(row.id, [row.x, row.y, row.ground]);
  for (const row of scene.wells) places.set(row.id, [row.x, row.y, row.ground]);
  for (const row of scene.stations) places.set(row.id, [row.x, row.y, row.base + row.platform]);
  for (const row of scene.beams) places.set(row.id, middle(row.a, row.b));
  return places;
}

function allNames(scene: Scene): Map<string, Text> {
  const lists: readonly (readonly { readonly id: string; readonly name: Text }[])[] = [
    scene.areas, scene.plots, scene.buildings, scene.tanks, scene.units, scene.roads, scene.waters,
    scene.settlements, scene.substances, scene.stations, scene.beams, scene.wells, scene.strata?.layers ?? [],
  ];
  const names = new Map<string, Text>();
  for (const list of lists) for (const row of list) names.set(row.id, row.name);
  for (const station of scene.stations) if (station.weather) names.set(station.weather.id, station.name);
  return names;
}

/** Several guides may stand at one level; the lowest of them is the one to act on. */
export function lowestByLevel(rows: readonly SceneThreshold[]): readonly SceneThreshold[] {
  const lowest = new Map<number, SceneThreshold>();
  for (const row of rows) {
    const held = lowest.get(row.level);
    if (!held || row.conc_kg_m3 < held.conc_kg_m3) lowest.set(row.level, row);
  }
  return [...lowest.values()].sort((a, b) => a.level - b.level);
}

export function indexScene(scene: Scene): SceneIndex {
  const thresholds = new Map([...grouped(scene.thresholds, (row) => row.substance)].map(([id, rows]) => [id, lowestByLevel(rows)]));
  return {
    scene,
    beam: byId(scene.beams),
    station: byId(scene.stations),
    well: byId(scene.wells),
    series: new Map(scene.series.map((row) => [row.key, row])),
    bySensor: grouped(scene.series, (row) => row.sensor),
    thresholds,
    names: allNames(scene),
    formulas: new Map(scene.substances.map((row) => [row.id, row.formula])),
    places: allPlaces(scene),
  };
}

/** Gas series of a beam. */
export function gasSeries(index: SceneIndex, beam: string): readonly SceneSeries[] {
  return (index.bySensor.get(beam) ?? []).filter((row) => row.quantity.startsWith('conc:'));
}

/** Short name of a substance: its formula, else its id in capitals. */
export function formula(index: SceneIndex, substance: string): string {
  return index.formulas.get(substance) ?? substance.toUpperCase();
}

/** Substances that some beam measures, in the scene's order. */
export function gases(index: SceneIndex): readonly string[] {
  const found = new Set<string>();
  for (const row of index.scene.series) {
    if (!row.quantity.startsWith('conc:')) continue;
    const substance = substanceOf(row.quantity);
    if (substance) found.add(substance);
  }
  return [...found];
}

/** A small park for tests: two stations, three beams, one well, two settlements. */

import { indexScene, type SceneIndex } from '../src/stores/scene_index';
import { readScene, type Scene, type Value } from '../src/wire';

const both = (text: string): { zh: string; en: string } => ({ zh: `${text}甲`, en: text });

function series(sensor: string, quantity: string, interval_s = 10): unknown {
  return {
    key: `${sensor}/${quantity}`, sensor, quantity, name: both(quantity), si_unit: 'kg/m3', unit: 'mg/m3', decimals: 2,
    origin: 'simulated', interval_s,
  };
}

function beam(id: string, station: string, x: number): unknown {
  return { id, station, name: both(id), a: [x, 0, 20], b: [x + 100, 0, 20], length: 100, azimuth_deg: 90, elevation_deg: 0, sight: null };
}

export function scene(changes: Partial<Record<keyof Scene, unknown>> = {}): Scene {
  return readScene({
    schema: 'twin-scene/1', park_id: 'p', hash: 'h', name: both('Park'), notice: both('Notice'),
    terrain_is_demonstration: true, placement_is_approximate: true,
    crs: { epsg: 4548, origin: [0, 0, 0], convergence_deg: 0, vertical_datum: 'x', lon: 117, lat: 26 }, utc_offset_h: 8,
    extent: [-1000, -1000, 1000, 1000], z_range: [0, 100], terrain: { max_error_m: 1, max_error_fence_m: 0.5, triangles: 1 }, strata: null,
    stations: [
      { id: 'S1', name: both('Station 1'), area: 'A', x: 0, y: 0, base: 0, platform: 20, parts: [], weather: { id: 'S1-MET', x: 0, y: 0, z: 10, height: 10 } },
      { id: 'S2', name: both('Station 2'), area: 'A', x: 500, y: 0, base: 0, platform: 20, parts: [], weather: null },
    ],
    beams: [beam('B1', 'S1', 0), beam('B2', 'S1', 100), beam('B3', 'S2', 500)],
    wells: [{ id: 'W1', name: both('W1'), x: 10, y: 10, ground: 0, depth: 10, screen: [2, 6], stratum: 'fill', group: 'g' }],
    settlements: [
      { id: 'east', name: both('East'), x: 800, y: 0, z: 0, people: 300 },
      { id: 'west', name: both('West'), x: -800, y: 0, z: 0, people: 200 },
    ],
    substances: [
      { id: 'hf', name: both('Hydrogen fluoride'), formula: 'HF', cas: '', molar_mass_kg_mol: 0.02 },
      { id: 'nh3', name: both('Ammonia'), formula: 'NH₃', cas: '', molar_mass_kg_mol: 0.017 },
    ],
    thresholds: [
      { substance: 'hf', level: 2, name: both('two'), conc_kg_m3: 16e-6, source: '' },
      { substance: 'hf', level: 1, name: both('one'), conc_kg_m3: 1e-6, source: '' },
      { substance: 'hf', level: 1, name: both('one, higher'), conc_kg_m3: 1.6e-6, source: '' },
      { substance: 'hf', level: 3, name: both('three'), conc_kg_m3: 40e-6, source: '' },
      { substance: 'nh3', level: 1, name: both('one'), conc_kg_m3: 20e-6, source: '' },
    ],
    series: [
      series('B1', 'conc:hf'), series('B1', 'conc:nh3'), series('B2', 'conc:hf'), series('B3', 'conc:hf'),
      series('S1-MET', 'wind_speed'), series('S1-MET', 'wind_from'), series('W1', 'water:f', 300), series('W1', 'water_level', 300),
    ],
    ...changes,
  });
}

export function index(changes: Partial<Record<keyof Scene, unknown>> = {}): SceneIndex {
  return indexScene(scene(changes));
}

export function value(s: string, v: number | null, more: Partial<Value> = {}): Value {
  return { s, t: 1_000_000, v, q: v === null ? 'missing' : 'good', m: 'N', c: 0, o: 'simulated', ...more };
}

export function valueMap(...rows: readonly Value[]): ReadonlyMap<string, Value> {
  return new Map(rows.map((row) => [row.s, row]));
}

/** From the stores to what the 3D world is told: beams, winds and labels. Pure; units come from units.ts. */

import type { BeamLook, SectionCut, StrataColumn, Vec3, WindLook, WorldLabel } from '../contract';
import { say, t } from '../i18n';
import { rampLevel, UNKNOWN, type Reading } from '../stores/readings';
import { formula, middle, type SceneIndex } from '../stores/scene_index';
import type { Wind } from '../stores/downwind';
import type { Value } from '../wire';
import { coarseAge, conc, nameOf, quantity, readingQuality, shortName } from '../ui/words';

/** Colours move in steps of 1/128 of the ramp, so that noise in the last digit draws no frame. */
const STEPS = 128;
/** How far below its top the name of the lowest layer stands, metres. */
const DEEP_LABEL_M = 14;

export function beamLooks(index: SceneIndex, byBeam: ReadonlyMap<string, Reading>): readonly BeamLook[] {
  return index.scene.beams.map((beam) => {
    const reading = byBeam.get(beam.id);
    const level = reading?.conc_kg_m3 == null ? null : Math.round(rampLevel(reading.conc_kg_m3) * STEPS) / STEPS;
    return { id: beam.id, level, stale: reading?.stale ?? true };
  });
}

export function windLooks(index: SceneIndex, winds: readonly Wind[]): readonly WindLook[] {
  return winds.flatMap((wind) => {
    const weather = index.station.get(wind.station)?.weather;
    if (!weather) return [];
    return [{
      id: wind.station, at: [weather.x, weather.y, weather.z] as Vec3, speed_m_s: Math.round(wind.speed_m_s * 10) / 10,
      from_deg: Math.round(wind.from_deg), stale: wind.stale,
    }];
  });
}

function tone(reading: Reading): WorldLabel['tone'] {
  if (reading.level >= 3) return 'level3';
  if (reading.level === 2) return 'level2';
  if (reading.level === 1) return 'level1';
  if (reading.stale || reading.level === UNKNOWN) return 'stale';
  return reading.quality === 'doubtful' ? 'doubtful' : 'normal';
}

function beamLabel(index: SceneIndex, reading: Reading, chosen: boolean, coarse_ms: number): WorldLabel | null {
  const beam = index.beam.get(reading.sensor);
  if (!beam) return null;
  const age = reading.value ? coarseAge(Math.max(0, coarse_ms - reading.value.t)) : t('age.none');
  const quality = reading.quality === 'good' && !reading.stale ? '' : ` · ${readingQuality(reading)}`;
  return {
    id: `beam:${beam.id}`, at: middle(beam.a, beam.b),
    lines: [`${beam.id} ${formula(index, reading.substance)}`, `${conc(reading.conc_kg_m3)} · ${age}${quality}`],
    tone: tone(reading),
    priority: (chosen ? 1000 : 100) + Math.max(0, reading.level) * 100 + rampLevel(reading.conc_kg_m3 ?? 0) * 50,
  };
}

function wellLabel(index: SceneIndex, id: string, values: ReadonlyMap<string, Value>, chosen: boolean, coarse_ms: number): WorldLabel | null {
  const well = index.well.get(id);
  const row = (index.bySensor.get(id) ?? []).find((one) => one.quantity.startsWith('water:')) ?? index.bySensor.get(id)?.[0];
  if (!well) return null;
  const value = row ? values.get(row.key) : undefined;
  const said = row && value
    ? [`${row.quantity.startsWith('water:') ? `${formula(index, row.quantity.slice(6))} ` : ''}${quantity(value.v, row.quantity)} · ${coarseAge(Math.max(0, coarse_ms - value.t))}`] : [];
  return {
    id: `well:${id}`, at: [well.x, well.y, well.ground + 3], lines: [id, ...said],
    tone: value ? (value.q === 'good' ? 'normal' : 'doubtful') : 'stale', priority: chosen ? 1000 : 20,
  };
}

/** The names stand one beside the other like stairs about the middle of the cut: none covers its neighbour. */
const FIRST_SHARE = 0.36;
const STAIR = 0.065;
const WATER_SHARE = 0.66;
const THINNEST_M = 1;

/** Names of the layers and of the water table on the face of a cut. */
export function sectionLabels(index: SceneIndex, cut: SectionCut | null, strataAt: (x: number, y: number) => StrataColumn | null): readonly WorldLabel[] {
  if (!cut) return [];
  const at = (share: number): readonly [number, number] => [cut.a[0] + (cut.b[0] - cut.a[0]) * share, cut.a[1] + (cut.b[1] - cut.a[1]) * share];
  const rows: WorldLabel[] = [];
  const count = strataAt(...at(FIRST_SHARE))?.layers.length ?? 0;
  for (let k = 0; k < count; k++) {
    const [x, y] = at(FIRST_SHARE + STAIR * k);
    const layer = strataAt(x, y)?.layers[k];
    const thick = layer ? layer.top - layer.bottom : 0;
    if (!layer || thick < THINNEST_M) continue;
    const wet = index.scene.strata?.layers.find((row) => row.id === layer.id)?.aquifer === true;
    const name = say(index.names.get(layer.id)) || layer.id;
    const z = layer.top - (k === count - 1 ? Math.min(thick / 2, DEEP_LABEL_M) : thick / 2);
    rows.push({ id: `layer:${layer.id}`, at: [x, y, z], lines: [wet ? `${name} · ${t('strata.aquifer')}` : name], tone: 'normal', priority: 150 - k, flat: true });
  }
  const [x, y] = at(WATER_SHARE);
  const water = strataAt(x, y)?.water ?? null;
  if (water !== null) rows.push({ id: 'layer:water', at: [x, y, water], lines: [t('strata.water')], tone: 'normal', priority: 160, flat: true });
  return rows;
}

export interface LabelInput {
  readonly byBeam: ReadonlyMap<string, Reading>;
  readonly values: ReadonlyMap<string, Value>;
  readonly coarse_ms: number;
  readonly chosen: string | null;
  readonly beams: boolean;
  readonly wells: boolean;
  readonly stations: boolean;
  readonly settlements: boolean;
}

export function labels(index: SceneIndex, input: LabelInput): readonly WorldLabel[] {
  const rows: (WorldLabel | null)[] = [];
  if (input.beams) {
    for (const reading of input.byBeam.values()) rows.push(beamLabel(index, reading, reading.sensor === input.chosen, input.coarse_ms));
  }
  if (input.wells) {
    for (const well of index.scene.wells) rows.push(wellLabel(index, well.id, input.values, well.id === input.chosen, input.coarse_ms));
  }
  if (input.stations) {
    for (const row of index.scene.stations) {
      rows.push({ id: `station:${row.id}`, at: [row.x, row.y, row.base + row.platform + 8], lines: [shortName(index, row.id)], tone: 'normal', priority: 60 });
    }
  }
  if (input.settlements) {
    for (const row of index.scene.settlements) {
      rows.push({ id: `settlement:${row.id}`, at: [row.x, row.y, row.z + 12], lines: [nameOf(index, row.id)], tone: 'normal', priority: 40 });
    }
  }
  return rows.filter((row): row is WorldLabel => row !== null);
}

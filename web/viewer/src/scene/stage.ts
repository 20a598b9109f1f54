import { Group, Scene } from 'three';
import type { LayerId } from '../contract';
import type { SceneDoc } from '../formats/scene';
import { BackdropLayer } from '../layers/backdrop';
import { BeamsLayer } from '../layers/beams';
import { BuildingsLayer, buildSettlements, buildTanks, buildUnits, type Ground } from '../layers/built';
import { DrawingLayer, Paper } from '../layers/drawing';
import { areaLines, DrapedLayer, plotLines, roadLines, waterLines } from '../layers/draped';
import { Highlight } from '../layers/highlight';
import type { Layer } from '../layers/layer';
import { PlumeLayer } from '../layers/plume';
import { StationsLayer } from '../layers/stations';
import { StrataLayer } from '../layers/strata';
import { StrataModel } from '../layers/strata_model';
import { TerrainLayer } from '../layers/terrain';
import { WaterPlumeLayer } from '../layers/waterplume';
import { WaterTableLayer } from '../layers/watertable';
import { WellsLayer } from '../layers/wells';
import { WindLayer } from '../layers/wind';
import type { SceneFiles } from './load';
import { Measure } from './measure';
import type { Shared } from './shared';
import { TerrainIndex } from './terrain_index';

/** Depth of the picture below the lowest ground, metres. */
const BASE_M = 48;

/** Everything that stands in one loaded park. */
export interface Stage {
  readonly scene: Scene;
  /** Holds all that heights are exaggerated for. */
  readonly world: Group;
  readonly index: TerrainIndex;
  readonly base: number;
  readonly terrain: TerrainLayer;
  readonly beams: BeamsLayer;
  readonly wind: WindLayer;
  readonly plume: PlumeLayer;
  readonly wells: WellsLayer;
  readonly strata: StrataLayer | null;
  readonly waterTable: WaterTableLayer;
  readonly waterPlume: WaterPlumeLayer;
  readonly drawing: DrawingLayer;
  readonly backdrop: BackdropLayer;
  readonly chosen: Highlight;
  readonly pointed: Highlight;
  readonly measure: Measure;
  readonly layers: ReadonlyMap<LayerId, Layer>;
}

export function buildStage(shared: Shared, doc: SceneDoc, files: SceneFiles): Stage {
  const index = new TerrainIndex(files.tin, doc.extent);
  const ground: Ground = (x, y) => index.height(x, y);
  const base = Math.min(doc.z_range[0], ...(files.strata ? [lowestBottom(files)] : [])) - BASE_M;
  const paper = new Paper(shared.tier === 'full' ? 2048 : 1024);
  const terrain = new TerrainLayer(shared, doc, files.tin, files.ground, paper);
  const drawing = new DrawingLayer(shared, ground, paper, (drawn) => { terrain.setDrawn(drawn); });
  const buildings = new BuildingsLayer(shared, doc);
  const tanks = buildTanks(shared, doc);
  const beams = new BeamsLayer(shared, doc.beams);
  const wind = new WindLayer(shared, doc.crs.convergence_deg);
  const plume = new PlumeLayer(shared, files.heights, [buildings.solids.object.geometry]);
  const wells = new WellsLayer(shared, doc, ground);
  const waterTable = new WaterTableLayer(shared, files.heights);
  const waterPlume = new WaterPlumeLayer(shared, files.heights);
  const backdrop = new BackdropLayer(shared);
  const strata = files.strata && doc.strata
    ? new StrataLayer(shared, new StrataModel(files.strata, doc.strata.layers, base, ground), doc.extent, files.tin, (a, b) => index.profile(a, b))
    : null;
  const fills = { areas: 1, plots: 1 };
  const fill = (name: 'areas' | 'plots') => (value: number): void => {
    fills[name] = value;
    terrain.setFills(fills.areas, fills.plots);
  };
  const layers = new Map<LayerId, Layer>([
    ['terrain', terrain],
    ['areas', new DrapedLayer(shared, areaLines(doc), ground, fill('areas'))],
    ['plots', new DrapedLayer(shared, plotLines(doc), ground, fill('plots'))],
    ['roads', new DrapedLayer(shared, roadLines(doc), ground)],
    ['waters', new DrapedLayer(shared, waterLines(doc), ground)],
    ['buildings', buildings],
    ['tanks', tanks],
    ['units', buildUnits(shared, doc, ground)],
    ['settlements', buildSettlements(shared, doc, ground)],
    ['stations', new StationsLayer(shared, doc, ground)],
    ['beams', beams],
    ['wind', wind],
    ['plume', plume],
    ['wells', wells],
    ['watertable', waterTable],
    ['waterplume', waterPlume],
    ['fronts', drawing],
    ['grid', backdrop],
  ]);
  if (strata) layers.set('strata', strata);
  const chosen = new Highlight(shared, doc, ground, { colour: 0x8ff0ff, alpha: 1 });
  const pointed = new Highlight(shared, doc, ground, { colour: 0xffffff, alpha: 0.6 });
  const measure = new Measure(shared);
  const scene = new Scene();
  const world = new Group();
  world.add(...[...layers].filter(([id]) => id !== 'grid').map(([, layer]) => layer.object), chosen.batch.mesh, pointed.batch.mesh, measure.batch.mesh);
  scene.add(world, backdrop.object);
  return { scene, world, index, base, terrain, beams, wind, plume, wells, strata, waterTable, waterPlume, drawing, backdrop, chosen, pointed, measure, layers };
}

function lowestBottom(files: SceneFiles): number {
  let low = Infinity;
  const count = ((files.strata?.bands.length ?? 1) - 1) / 2;
  const band = files.strata?.bands[Math.max(0, count - 1)];
  for (const z of band ?? []) if (z < low) low = z;
  return low;
}

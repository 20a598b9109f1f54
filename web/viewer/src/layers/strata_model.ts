import { sampleGrid, type Grid } from '../formats/grid';
import type { StratumDoc } from '../formats/scene';
import type { Ground } from './built';

/** The layered ground at one place; heights in local metres, layers from the ground down. */
export interface Column {
  readonly top: number;
  /** Bottom of each layer; the last one is carried down to the base of the picture. */
  readonly bottoms: number[];
  /** Standard deviation of each bottom, metres. */
  readonly sd: number[];
  /** Height of the water table, or a very low number where unknown. */
  readonly water: number;
}

export const NO_WATER = -1e6;

/**
 * Strata hung from the drawn ground: thicknesses come from the grid, so that no gap opens between
 * the fine terrain and the coarse grid, and boundaries never cross.
 */
export class StrataModel {
  private water: Grid | null = null;

  constructor(
    private readonly grid: Grid,
    readonly layers: readonly StratumDoc[],
    readonly base: number,
    private readonly ground: Ground,
  ) {}

  setWater(grid: Grid | null): void {
    this.water = grid;
  }

  column(x: number, y: number): Column {
    const n = this.layers.length;
    const groundBand = sampleGrid(this.grid, 0, x, y);
    const top = this.ground(x, y) ?? groundBand;
    const bottoms: number[] = [];
    const sd: number[] = [];
    let above = top;
    for (let k = 0; k < n; k++) {
      const last = k === n - 1;
      const depth = groundBand - sampleGrid(this.grid, k + 1, x, y);
      const bottom = last ? this.base : Math.max(this.base, Math.min(above, top - depth));
      bottoms.push(Number.isFinite(bottom) ? bottom : above);
      const doubt = sampleGrid(this.grid, n + 1 + k, x, y);
      sd.push(last || !Number.isFinite(doubt) ? 0 : doubt);
      above = bottoms[k] ?? above;
    }
    const head = this.water ? sampleGrid(this.water, 0, x, y, false) : Number.NaN;
    return { top, bottoms, sd, water: Number.isFinite(head) ? Math.min(head, top) : NO_WATER };
  }

  /** Which layer a height lies in, -1 above ground. */
  layerAt(x: number, y: number, z: number): number {
    const column = this.column(x, y);
    if (z > column.top) return -1;
    const k = column.bottoms.findIndex((bottom) => z >= bottom);
    return k < 0 ? this.layers.length - 1 : k;
  }
}

/** Pattern of a layer by its id: see shaders/strata.ts. */
export function patternOf(layer: StratumDoc): number {
  const id = layer.id.toLowerCase();
  if (/fill|made|soil|top/.test(id)) return 0;
  if (/clay|silt|mud/.test(id)) return 1;
  if (/sand|gravel|pebble|cobble|alluv/.test(id)) return 2;
  if (/weather/.test(id)) return 3;
  return 4;
}

export interface FaceArrays {
  readonly positions: Float32Array;
  readonly info: Float32Array;
  readonly doubt: Float32Array;
  readonly indices: Uint32Array;
}

/** Builds the face below a line of places: per layer one strip of quads. */
export function buildFace(model: StrataModel, line: readonly (readonly [number, number])[]): FaceArrays {
  const [n, count] = [model.layers.length, line.length];
  const positions = new Float32Array(count * n * 6);
  const info = new Float32Array(count * n * 8);
  const doubt = new Float32Array(count * n * 8);
  const indices = new Uint32Array(Math.max(0, count - 1) * n * 6);
  let along = 0;
  line.forEach(([x, y], i) => {
    const before = line[i - 1];
    if (before) along += Math.hypot(x - before[0], y - before[1]);
    const column = model.column(x, y);
    for (let k = 0; k < n; k++) {
      const top = k === 0 ? column.top : (column.bottoms[k - 1] ?? column.top);
      const bottom = column.bottoms[k] ?? top;
      const at = (i * n + k) * 2;
      positions.set([x, y, top, x, y, bottom], at * 3);
      info.set([along, top, bottom, k, along, top, bottom, k], at * 4);
      const sdTop = k === 0 ? 0 : (column.sd[k - 1] ?? 0);
      const row = [sdTop, column.sd[k] ?? 0, column.water, column.top];
      doubt.set([...row, ...row], at * 4);
    }
  });
  let w = 0;
  for (let i = 0; i + 1 < count; i++) {
    for (let k = 0; k < n; k++) {
      const [a, b] = [(i * n + k) * 2, ((i + 1) * n + k) * 2];
      indices.set([a, a + 1, b + 1, a, b + 1, b], w);
      w += 6;
    }
  }
  return { positions, info, doubt, indices };
}

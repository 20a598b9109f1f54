import { expectMagic, FormatError, undeltaRows } from './delta';

/** Regular grid of heights; rows run from south to north; NaN = no value. */
export interface Grid {
  readonly nx: number;
  readonly ny: number;
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
  readonly time_ms: number;
  readonly bands: readonly Float32Array[];
}

const HEADER = 48;
const NO_VALUE = 65535;

/** Decodes `*.twg` (docs/wire.md). */
export function decodeGrid(buffer: ArrayBuffer): Grid {
  const view = new DataView(buffer);
  expectMagic(view, 'TWG1', HEADER);
  const [nx, ny, count] = [view.getUint16(4, true), view.getUint16(6, true), view.getUint16(8, true)];
  if (nx < 2 || ny < 2 || count < 1) throw new FormatError(`TWG1 grid is ${nx} x ${ny} x ${count}`);
  const size = nx * ny;
  expectMagic(view, 'TWG1', HEADER + 2 * size * count);
  const zMin = view.getFloat32(36, true);
  const zStep = view.getFloat32(40, true);
  const codes = new Uint16Array(buffer.slice(HEADER, HEADER + 2 * size * count));
  undeltaRows(codes, nx);
  const bands: Float32Array[] = [];
  for (let band = 0; band < count; band++) {
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const code = codes[band * size + i] ?? NO_VALUE;
      values[i] = code === NO_VALUE ? Number.NaN : zMin + code * zStep;
    }
    bands.push(values);
  }
  return {
    nx,
    ny,
    x0: view.getFloat32(12, true),
    y0: view.getFloat32(16, true),
    dx: view.getFloat32(20, true),
    dy: view.getFloat32(24, true),
    time_ms: Number(view.getBigInt64(28, true)),
    bands,
  };
}

/**
 * Bilinear value of a band at a place. Places outside take the value of the rim when `clamp` is
 * set, else NaN. NaN where any of the four nodes has no value.
 */
export function sampleGrid(grid: Grid, band: number, x: number, y: number, clamp = true): number {
  const values = grid.bands[band];
  if (!values) return Number.NaN;
  let u = (x - grid.x0) / grid.dx;
  let v = (y - grid.y0) / grid.dy;
  if (!clamp && (u < 0 || v < 0 || u > grid.nx - 1 || v > grid.ny - 1)) return Number.NaN;
  u = Math.min(Math.max(u, 0), grid.nx - 1);
  v = Math.min(Math.max(v, 0), grid.ny - 1);
  const i = Math.min(Math.floor(u), grid.nx - 2);
  const j = Math.min(Math.floor(v), grid.ny - 2);
  const [fu, fv] = [u - i, v - j];
  const at = j * grid.nx + i;
  const south = (values[at] ?? NaN) * (1 - fu) + (values[at + 1] ?? NaN) * fu;
  const north = (values[at + grid.nx] ?? NaN) * (1 - fu) + (values[at + grid.nx + 1] ?? NaN) * fu;
  return south * (1 - fv) + north * fv;
}

import { expectMagic, FormatError, undelta } from './delta';

export type Extent = readonly [xMin: number, yMin: number, xMax: number, yMax: number];

/** Triangulated ground: interleaved x, y, z in local metres, counter-clockwise from above. */
export interface Tin {
  readonly positions: Float32Array;
  readonly indices: Uint32Array;
}

const HEADER = 32;

/** Decodes `*.twt` (docs/wire.md). `extent` is that of the scene. */
export function decodeTin(buffer: ArrayBuffer, extent: Extent): Tin {
  const view = new DataView(buffer);
  expectMagic(view, 'TWT1', HEADER);
  const n = view.getUint32(4, true);
  const m = view.getUint32(8, true);
  const zMin = view.getFloat32(16, true);
  const zStep = view.getFloat32(20, true);
  const indexAt = HEADER + Math.ceil((6 * n) / 4) * 4;
  expectMagic(view, 'TWT1', indexAt + 12 * m);
  const [x, y, z] = [0, 1, 2].map((plane) => {
    const values = new Uint16Array(buffer.slice(HEADER + plane * 2 * n, HEADER + (plane + 1) * 2 * n));
    undelta(values);
    return values;
  }) as [Uint16Array, Uint16Array, Uint16Array];
  const xStep = (extent[2] - extent[0]) / 65535;
  const yStep = (extent[3] - extent[1]) / 65535;
  const positions = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) {
    positions[3 * i] = extent[0] + (x[i] ?? 0) * xStep;
    positions[3 * i + 1] = extent[1] + (y[i] ?? 0) * yStep;
    positions[3 * i + 2] = zMin + (z[i] ?? 0) * zStep;
  }
  const indices = new Uint32Array(buffer.slice(indexAt, indexAt + 12 * m));
  undelta(indices);
  for (const index of indices) {
    if (index >= n) throw new FormatError(`TWT1 triangle names vertex ${index} of ${n}`);
  }
  return { positions, indices };
}

import { expectMagic, FormatError, undeltaRows } from './delta';

/** A box of cells; `hi` is exclusive. */
export interface CellBox {
  readonly lo: readonly [number, number, number];
  readonly hi: readonly [number, number, number];
}

/** Logarithmic concentrations; `codes` x fastest, 0 = below `vMin_kg_m3`. */
export interface Volume {
  readonly nx: number;
  readonly ny: number;
  readonly nz: number;
  /** Height above ground when true, else height in the local frame. */
  readonly aboveGround: boolean;
  /** Corner of the first cell, metres. */
  readonly corner: readonly [number, number, number];
  readonly step: readonly [number, number, number];
  readonly vMin_kg_m3: number;
  readonly vMax_kg_m3: number;
  readonly time_ms: number;
  readonly codes: Uint8Array<ArrayBuffer>;
}

const HEADER = 64;

/** Decodes `*.twv` (docs/wire.md). */
export function decodeVolume(buffer: ArrayBuffer): Volume {
  const view = new DataView(buffer);
  expectMagic(view, 'TWV1', HEADER);
  const [nx, ny, nz] = [view.getUint16(4, true), view.getUint16(6, true), view.getUint16(8, true)];
  const codec = view.getUint8(11);
  if (codec > 1) throw new FormatError(`TWV1 codec is ${codec}, expected 0 or 1`);
  expectMagic(view, 'TWV1', HEADER + nx * ny * nz);
  const codes = new Uint8Array(buffer.slice(HEADER, HEADER + nx * ny * nz));
  if (codec === 1) undeltaRows(codes, nx);
  const f32 = (at: number): number => view.getFloat32(at, true);
  return {
    nx,
    ny,
    nz,
    aboveGround: view.getUint8(10) === 1,
    corner: [f32(12), f32(16), f32(20)],
    step: [f32(24), f32(28), f32(32)],
    vMin_kg_m3: f32(36),
    vMax_kg_m3: f32(40),
    time_ms: Number(view.getBigInt64(44, true)),
    codes,
  };
}

/** Concentration of a code, kg/m3. */
export function concentration(volume: Volume, code: number): number {
  if (code === 0) return 0;
  return volume.vMin_kg_m3 * (volume.vMax_kg_m3 / volume.vMin_kg_m3) ** ((code - 1) / 254);
}

/** The box around all cells whose code is at least `least`; null when there is none. */
export function filledCells(volume: Volume, least = 1): CellBox | null {
  const { codes, nx, ny, nz } = volume;
  const lo: [number, number, number] = [nx, ny, nz];
  const hi: [number, number, number] = [0, 0, 0];
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        if ((codes[at] ?? 0) < least) continue;
        if (i < lo[0]) lo[0] = i;
        if (i >= hi[0]) hi[0] = i + 1;
        if (j < lo[1]) lo[1] = j;
        if (j >= hi[1]) hi[1] = j + 1;
        if (k < lo[2]) lo[2] = k;
        if (k >= hi[2]) hi[2] = k + 1;
      }
    }
  }
  return hi[0] === 0 ? null : { lo, hi };
}

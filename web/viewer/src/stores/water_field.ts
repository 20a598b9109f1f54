/** Head and drawdown as colours on the ground. */

import type { GroundDrawing } from '../contract';
import type { Grid } from '../formats/grid';
import type { WaterField } from './water';

const HEAD_BAND_M = 1;

/** Least and greatest value of the band that a field shows. */
export function fieldRange(grid: Grid, field: WaterField): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of grid.bands[field === 'head' ? 0 : 2] ?? []) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high >= low)) return [0, 0];
  const most = Math.max(Math.abs(low), Math.abs(high));
  return field === 'head' ? [low, high] : [-most, most];
}

/** Head in steps of a metre from dark to light blue; drawdown orange where it has fallen, blue where it has risen. */
export function fieldPicture(grid: Grid, field: WaterField): GroundDrawing['field'] {
  const band = grid.bands[field === 'head' ? 0 : 2];
  if (!band || field === 'none') return null;
  const [low, high] = fieldRange(grid, field);
  const rgba = new Uint8ClampedArray(grid.nx * grid.ny * 4);
  band.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    if (field === 'head') {
      const k = (Math.floor(value / HEAD_BAND_M) * HEAD_BAND_M - low) / Math.max(high - low, 1e-6);
      rgba.set([20 + 150 * k, 60 + 150 * k, 150 + 100 * k, 150], i * 4);
    } else {
      const k = value / Math.max(high, 1e-6);
      rgba.set(k >= 0 ? [255, 150, 60, 220 * Math.min(1, k)] : [70, 160, 255, 220 * Math.min(1, -k)], i * 4);
    }
  });
  const corner = [grid.x0 - grid.dx / 2, grid.y0 - grid.dy / 2] as const;
  return { nx: grid.nx, ny: grid.ny, corner, step: [grid.dx, grid.dy], rgba };
}

/** Reads single places of a plume frame: who stands in it, and how deep. */

import { concentration, type Volume } from '../formats/volume';

export type { Volume };

/** Greatest concentration in the lowest cells within `radius_m` of a place, kg/m3; null outside the frame. */
export function nearGround(volume: Volume, x: number, y: number, radius_m: number): number | null {
  const i = Math.floor((x - volume.corner[0]) / volume.step[0]);
  const j = Math.floor((y - volume.corner[1]) / volume.step[1]);
  if (i < 0 || j < 0 || i >= volume.nx || j >= volume.ny) return null;
  const ri = Math.ceil(radius_m / volume.step[0]);
  const rj = Math.ceil(radius_m / volume.step[1]);
  let top = 0;
  for (let b = Math.max(0, j - rj); b <= Math.min(volume.ny - 1, j + rj); b += 1) {
    for (let a = Math.max(0, i - ri); a <= Math.min(volume.nx - 1, i + ri); a += 1) {
      top = Math.max(top, volume.codes[b * volume.nx + a] ?? 0);
    }
  }
  return concentration(volume, top);
}

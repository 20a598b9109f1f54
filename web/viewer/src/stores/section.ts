/** The section line as centre, bearing and length, and back. */

import type { SectionCut } from '../contract';
import type { Scene } from '../wire';

export interface SectionLine {
  /** Offset of the centre from the middle of the extent, across the line, metres. */
  readonly offset_m: number;
  /** Bearing of the line in grid axes, 0..180. */
  readonly bearing_deg: number;
  readonly length_m: number;
}

function middle(extent: Scene['extent']): readonly [number, number] {
  return [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2];
}

/** Longest section that the sliders offer: the shorter side of the extent. */
export function longest_m(extent: Scene['extent']): number {
  return Math.min(extent[2] - extent[0], extent[3] - extent[1]);
}

export function toCut(line: SectionLine, extent: Scene['extent']): SectionCut {
  const angle = (line.bearing_deg * Math.PI) / 180;
  const along = [Math.sin(angle), Math.cos(angle)] as const;
  const across = [Math.cos(angle), -Math.sin(angle)] as const;
  const [mx, my] = middle(extent);
  const cx = mx + across[0] * line.offset_m;
  const cy = my + across[1] * line.offset_m;
  const half = line.length_m / 2;
  return { a: [cx - along[0] * half, cy - along[1] * half], b: [cx + along[0] * half, cy + along[1] * half] };
}

export function fromCut(cut: SectionCut, extent: Scene['extent']): SectionLine {
  const dx = cut.b[0] - cut.a[0];
  const dy = cut.b[1] - cut.a[1];
  const bearing = ((Math.atan2(dx, dy) * 180) / Math.PI + 360) % 180;
  const angle = (bearing * Math.PI) / 180;
  const [mx, my] = middle(extent);
  const cx = (cut.a[0] + cut.b[0]) / 2 - mx;
  const cy = (cut.a[1] + cut.b[1]) / 2 - my;
  return { offset_m: cx * Math.cos(angle) - cy * Math.sin(angle), bearing_deg: bearing, length_m: Math.hypot(dx, dy) };
}

type Place = { readonly x: number; readonly y: number };

/** Wells this near to a section stand on its face, metres (layers/wells.ts). */
const ON_FACE_M = 70;
const FARTHEST_M = 2000;
const MARGIN_M = 120;

/** The line between two places that has most places on it; of equals the longer. */
function busiestLine(places: readonly Place[]): readonly [Place, Place] | null {
  let best: { line: readonly [Place, Place]; worth: number } | null = null;
  for (const a of places) {
    for (const b of places) {
      const length = Math.hypot(b.x - a.x, b.y - a.y);
      if (a.x >= b.x || length < 2 * ON_FACE_M || length > FARTHEST_M) continue;
      const along = (p: Place): number => ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length;
      const off = (p: Place): number => Math.abs((p.x - a.x) * (b.y - a.y) - (p.y - a.y) * (b.x - a.x)) / length;
      const on = places.filter((p) => off(p) <= 0.9 * ON_FACE_M && along(p) >= -1 && along(p) <= length + 1).length;
      const worth = on + length / FARTHEST_M;
      if (!best || worth > best.worth) best = { line: [a, b], worth };
    }
  }
  return best?.line ?? null;
}

/** First section: along the line of most wells, of most stations without wells; else west to east through a well or the middle. */
export function firstCut(scene: Scene): SectionCut {
  const places: readonly Place[] = scene.wells.length > 0 ? scene.wells : scene.stations;
  const line = busiestLine(places);
  if (!line) {
    const [x, y] = places[0] ? [places[0].x, places[0].y] : middle(scene.extent);
    const half = longest_m(scene.extent) * 0.22;
    return { a: [x - half, y], b: [x + half, y] };
  }
  const [a, b] = line;
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const [ux, uy] = [((b.x - a.x) / length) * MARGIN_M, ((b.y - a.y) / length) * MARGIN_M];
  return { a: [a.x - ux, a.y - uy], b: [b.x + ux, b.y + uy] };
}

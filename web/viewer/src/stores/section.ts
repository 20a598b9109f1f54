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

const NEAR_M = 800;

/** Middle of the well that has most other wells near it, and of those; else of the stations; else of the extent. */
function focus(scene: Scene): readonly [number, number] {
  const places = scene.wells.length > 0 ? scene.wells : scene.stations;
  let best: readonly { readonly x: number; readonly y: number }[] = [];
  for (const one of places) {
    const near = places.filter((row) => Math.hypot(row.x - one.x, row.y - one.y) <= NEAR_M);
    if (near.length > best.length) best = near;
  }
  if (best.length === 0) return middle(scene.extent);
  const mean = (read: (row: { readonly x: number; readonly y: number }) => number): number =>
    best.reduce((sum, row) => sum + read(row), 0) / best.length;
  return [mean((row) => row.x), mean((row) => row.y)];
}

/** First section: west to east where the wells are. */
export function firstCut(scene: Scene): SectionCut {
  const [x, y] = focus(scene);
  const half = longest_m(scene.extent) * 0.22;
  return { a: [x - half, y], b: [x + half, y] };
}

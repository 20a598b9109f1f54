import { Group } from 'three';
import type { SceneDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Ground } from './built';
import type { Layer } from './layer';
import { Mode, RibbonBatch, type Ink, type Stroke } from './ribbons';

type Point2 = readonly [number, number];
type Point3 = readonly [number, number, number];

/** Lays a line on the ground: a point at least every `step_m`, `lift_m` above it. */
export function drape(line: readonly Point2[], ground: Ground, closed: boolean, step_m = 9, lift_m = 0.7): Point3[] {
  const out: Point3[] = [];
  const last = line.length - (closed ? 0 : 1);
  const put = (x: number, y: number): void => {
    const z = ground(x, y);
    if (z !== null) out.push([x, y, z + lift_m]);
  };
  for (let i = 0; i < last; i++) {
    const [p, q] = [line[i], line[(i + 1) % line.length]];
    if (!p || !q) continue;
    const pieces = Math.max(1, Math.ceil(Math.hypot(q[0] - p[0], q[1] - p[1]) / step_m));
    for (let k = 0; k < pieces; k++) put(p[0] + ((q[0] - p[0]) * k) / pieces, p[1] + ((q[1] - p[1]) * k) / pieces);
  }
  const end = closed ? line[0] : line.at(-1);
  if (end) put(end[0], end[1]);
  return straightened(out);
}

/** Leaves out points that lie within a hand's breadth of the straight line between those kept. */
function straightened(line: readonly Point3[], tolerance_m = 0.3): Point3[] {
  const out = line.slice(0, 1);
  let start = 0;
  for (let end = 2; end < line.length; end++) {
    const [a, b] = [line[start], line[end]];
    if (!a || !b) continue;
    const d = [b[0] - a[0], b[1] - a[1], b[2] - a[2]] as const;
    const length = Math.hypot(...d) || 1;
    const straight = line.slice(start + 1, end).every((p) => {
      const q = [p[0] - a[0], p[1] - a[1], p[2] - a[2]] as const;
      const share = (q[0] * d[0] + q[1] * d[1] + q[2] * d[2]) / (length * length);
      return Math.hypot(q[0] - d[0] * share, q[1] - d[1] * share, q[2] - d[2] * share) < tolerance_m;
    });
    if (straight) continue;
    start = end - 1;
    const kept = line[start];
    if (kept) out.push(kept);
  }
  const last = line.at(-1);
  if (last && line.length > 1) out.push(last);
  return out;
}

/** A circle on the ground. */
export function drapedCircle(x: number, y: number, radius: number, ground: Ground, pieces = 40): Point3[] {
  const ring = Array.from({ length: pieces }, (_, i): Point2 => {
    const angle = (i / pieces) * 2 * Math.PI;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
  return drape(ring, ground, true, 50);
}

interface DrapedLine { readonly points: readonly Point2[]; readonly closed: boolean; readonly stroke: Stroke; readonly ink: Ink }

/** Outlines and centre lines that follow the ground. */
export class DrapedLayer implements Layer {
  readonly object = new Group();
  private readonly batch: RibbonBatch;

  constructor(shared: Shared, lines: readonly DrapedLine[], ground: Ground, private readonly onOpacity?: (value: number) => void) {
    this.batch = new RibbonBatch(shared, 512, { order: 4, pull: 0.9975 });
    for (const line of lines) this.batch.path(drape(line.points, ground, line.closed), line.stroke, line.ink);
    this.batch.commit();
    this.object.add(this.batch.mesh);
  }

  setVisible(visible: boolean, opacity: number): void {
    this.object.visible = visible;
    this.batch.setOpacity(opacity);
    this.onOpacity?.(visible ? opacity : 0);
  }

  dispose(): void {
    this.batch.dispose();
  }
}

export function areaLines(doc: SceneDoc): DrapedLine[] {
  return doc.areas.map((area) => ({
    points: area.ring,
    closed: true,
    stroke: { width: 2.4, least: 1.7, mode: Mode.plain, dash: area.active === false ? 36 : 0 },
    ink: area.active === false ? { colour: 0x8fa6b8, alpha: 0.7 } : { colour: 0x57d8ff, alpha: 0.9 },
  }));
}

export function plotLines(doc: SceneDoc): DrapedLine[] {
  return doc.plots.map((plot) => ({
    points: plot.ring, closed: true, stroke: { width: 0.9, least: 1, mode: Mode.plain },
    ink: { colour: 0xf3e2ae, alpha: 0.45 },
  }));
}

export function roadLines(doc: SceneDoc): DrapedLine[] {
  return doc.roads.map((road) => ({
    points: road.line, closed: false, stroke: { width: 0.5, least: 1.1, mode: Mode.hair, dash: 12 },
    ink: { colour: 0xffe9a8, alpha: 0.75 },
  }));
}

export function waterLines(doc: SceneDoc): DrapedLine[] {
  return doc.waters.map((water) => ({
    points: water.line, closed: false, stroke: { width: 0.6, least: 1.2, mode: Mode.hair, dash: 40 },
    ink: { colour: 0x9be4ff, alpha: 0.42 },
  }));
}

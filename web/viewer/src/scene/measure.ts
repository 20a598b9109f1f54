import type { MeasureKind, MeasureResult, Vec3 } from '../contract';
import { Mode, RibbonBatch, type Ink, type Stroke } from '../layers/ribbons';
import { ringArea } from './geometry2d';
import type { Shared } from './shared';

const LINE: Stroke = { width: 0, least: 2.2, mode: Mode.plain };
const DOT: Stroke = { width: 0, least: 8, mode: Mode.plain };
const THREAD: Stroke = { width: 0, least: 1.2, mode: Mode.plain };
const INK: Ink = { colour: 0xffe27a, alpha: 1 };
const FAINT: Ink = { colour: 0xffe27a, alpha: 0.5 };

/** Result of a measure over its points. */
export function measured(kind: MeasureKind, points: readonly Vec3[], done: boolean): MeasureResult {
  if (kind === 'area') return { kind, points, value: points.length > 2 ? ringArea(points.map((p) => [p[0], p[1]] as const)) : 0, done };
  const [first, last] = [points[0], points.at(-1)];
  if (kind === 'height') return { kind, points, value: first && last ? last[2] - first[2] : 0, done };
  let [level, slope] = [0, 0];
  points.slice(1).forEach((p, i) => {
    const q = points[i];
    if (!q) return;
    const run = Math.hypot(p[0] - q[0], p[1] - q[1]);
    level += run;
    slope += Math.hypot(run, p[2] - q[2]);
  });
  return { kind, points, value: level, slope_m: slope, done };
}

/** Takes clicked places, draws them, and tells the listener after each. */
export class Measure {
  readonly batch: RibbonBatch;
  private kind: MeasureKind | null = null;
  private points: Vec3[] = [];
  private done = false;
  private listener: (result: MeasureResult) => void = () => undefined;

  constructor(shared: Shared) {
    this.batch = new RibbonBatch(shared, 64, { order: 90, depthTest: false, cuttable: false });
    this.batch.commit();
  }

  get active(): boolean {
    return this.kind !== null && !this.done;
  }

  start(kind: MeasureKind | null, listener: (result: MeasureResult) => void): void {
    this.kind = kind;
    this.listener = listener;
    this.points = [];
    this.done = false;
    this.draw(null);
  }

  add(at: Vec3): void {
    if (!this.kind || this.done) return;
    this.points.push(at);
    if (this.kind === 'height' && this.points.length === 2) this.done = true;
    this.draw(null);
    this.tell();
  }

  /** The place under the pointer, as the point to come. */
  preview(at: Vec3 | null): void {
    if (this.active && this.points.length > 0) this.draw(at);
  }

  finish(): void {
    if (!this.active) return;
    this.done = true;
    this.draw(null);
    this.tell();
  }

  undo(): void {
    if (!this.active) return;
    this.points.pop();
    this.draw(null);
    this.tell();
  }

  private tell(): void {
    if (this.kind) this.listener(measured(this.kind, [...this.points], this.done));
  }

  private draw(next: Vec3 | null): void {
    const points = next ? [...this.points, next] : this.points;
    const batch = this.batch.clear();
    const [first, last] = [points[0], points.at(-1)];
    if (this.kind === 'height') {
      if (first && last && points.length > 1) {
        const corner: Vec3 = [last[0], last[1], first[2]];
        batch.line(first, corner, THREAD, FAINT).line(corner, last, LINE, INK);
      }
    } else {
      batch.path(points, LINE, INK);
      if (this.kind === 'area' && points.length > 2 && first && last) batch.line(last, first, this.done ? LINE : THREAD, this.done ? INK : FAINT);
    }
    for (const p of points) batch.line(p, [p[0], p[1], p[2] + 1e-3], DOT, INK);
    batch.commit();
  }
}

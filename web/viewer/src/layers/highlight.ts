import type { Pick } from '../contract';
import type { SceneDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Ground } from './built';
import { drape, drapedCircle } from './draped';
import { Mode, RibbonBatch, type Ink, type Stroke } from './ribbons';

type P = readonly [number, number, number];
const EDGE: Stroke = { width: 0.5, least: 2.2, mode: Mode.glow };

/** Bright outline of what is chosen or pointed at. */
export class Highlight {
  readonly batch: RibbonBatch;

  constructor(shared: Shared, private readonly doc: SceneDoc, private readonly ground: Ground, private readonly ink: Ink) {
    this.batch = new RibbonBatch(shared, 128, { order: 34, pull: 0.996 });
    this.batch.commit();
  }

  show(kind: Pick['kind'] | null, id: string): void {
    this.batch.clear();
    if (kind) this.draw(kind, id);
    this.batch.commit();
  }

  private draw(kind: Pick['kind'], id: string): void {
    const doc = this.doc;
    const find = <T extends { readonly id: string }>(rows: readonly T[]): T | undefined => rows.find((row) => row.id === id);
    const building = kind === 'building' ? find(doc.buildings) : undefined;
    if (building) this.prism(building.ring, building.base, building.base + building.height);
    const tank = kind === 'tank' ? find(doc.tanks) : undefined;
    if (tank) this.drum(tank.x, tank.y, tank.radius + 0.3, tank.base, tank.base + tank.height);
    const unit = kind === 'unit' ? find(doc.units) : undefined;
    if (unit) this.drum(unit.x, unit.y, 9, this.ground(unit.x, unit.y) ?? unit.z, Math.max(unit.z, 0));
    const ring = kind === 'area' ? find(doc.areas) : kind === 'plot' ? find(doc.plots) : undefined;
    if (ring) this.path(drape(ring.ring, this.ground, true), true);
    const line = kind === 'road' ? find(doc.roads) : kind === 'water' ? find(doc.waters) : undefined;
    if (line) this.path(drape(line.line, this.ground, false), false);
    this.spot(kind, id);
  }

  private spot(kind: Pick['kind'], id: string): void {
    const rows = { station: this.doc.stations, well: this.doc.wells, borehole: this.doc.boreholes, settlement: this.doc.settlements } as const;
    if (!(kind in rows)) return;
    const place = rows[kind as keyof typeof rows].find((row) => row.id === id);
    if (!place) return;
    const radius = { station: 30, well: 8, borehole: 8, settlement: 75 }[kind as keyof typeof rows];
    this.path(drapedCircle(place.x, place.y, radius, this.ground), true);
  }

  private prism(ring: readonly (readonly [number, number])[], base: number, top: number): void {
    this.path(ring.map(([x, y]): P => [x, y, top + 0.3]), true);
    for (const [x, y] of ring) this.batch.line([x, y, base], [x, y, top + 0.3], EDGE, this.ink);
    this.path(ring.map(([x, y]): P => [x, y, base + 0.3]), true);
  }

  private drum(x: number, y: number, radius: number, base: number, top: number): void {
    for (const z of [base + 0.4, top + 0.2]) {
      this.path(Array.from({ length: 28 }, (_, i): P => [x + radius * Math.cos((i * Math.PI) / 14), y + radius * Math.sin((i * Math.PI) / 14), z]), true);
    }
  }

  private path(points: readonly P[], closed: boolean): void {
    this.batch.path(points, EDGE, this.ink, closed);
  }
}

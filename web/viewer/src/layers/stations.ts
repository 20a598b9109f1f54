import { Group } from 'three';
import type { SceneDoc, StationDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Ground } from './built';
import { drapedCircle } from './draped';
import type { Layer } from './layer';
import { Mode, RibbonBatch, type Ink, type Stroke } from './ribbons';
import { SolidBuilder, type SolidLayer } from './solids';

type P = readonly [number, number, number];
const STEEL: Ink = { colour: 0xc4d4e2, alpha: 1 };
const BRACE: Ink = { colour: 0x93a9bd, alpha: 0.85 };
const LEG: Stroke = { width: 0.34, least: 1.1, mode: Mode.tube };
const BAR: Stroke = { width: 0.16, least: 0.9, mode: Mode.hair };

/** Lattice towers with platform, head, ladder and rod; emitters on their poles. */
export class StationsLayer implements Layer {
  readonly object = new Group();
  private readonly lines: RibbonBatch;
  private readonly solids: SolidLayer;

  constructor(shared: Shared, doc: SceneDoc, ground: Ground) {
    this.lines = new RibbonBatch(shared, 1024, { order: 8 });
    const builder = new SolidBuilder();
    for (const station of doc.stations) {
      this.tower(station);
      this.head(station, builder);
      this.lines.path(drapedCircle(station.x, station.y, 22, ground), { width: 0.9, least: 1.5, mode: Mode.plain }, { colour: 0x57d8ff, alpha: 0.85 });
    }
    for (const beam of doc.beams) this.emitter(beam.b, ground(beam.b[0], beam.b[1]) ?? beam.b[2] - 4, builder);
    this.lines.commit();
    this.solids = builder.build(shared);
    this.object.add(this.lines.mesh, this.solids.object);
  }

  setVisible(visible: boolean, opacity: number): void {
    this.object.visible = visible;
    this.lines.setOpacity(opacity);
    this.solids.setVisible(visible, opacity);
  }

  dispose(): void {
    this.lines.dispose();
    this.solids.dispose();
  }

  private tower(station: StationDoc): void {
    const bays = Math.max(3, Math.round(station.platform / 6));
    const corner = (k: number, share: number): P => {
      const half = 3.1 - 1.9 * share;
      const [u, v] = ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const)[k % 4] ?? [1, 1];
      return [station.x + u * half, station.y + v * half, station.base - 1 + share * (station.platform + 1)];
    };
    for (let k = 0; k < 4; k++) {
      this.lines.line(corner(k, 0), corner(k, 1), LEG, STEEL);
      for (let i = 0; i < bays; i++) {
        const [low, high] = [i / bays, (i + 1) / bays];
        this.lines.line(corner(k, low), corner(k + 1, high), BAR, BRACE);
        this.lines.line(corner(k + 1, low), corner(k, high), BAR, BRACE);
        this.lines.line(corner(k, high), corner(k + 1, high), BAR, STEEL);
      }
    }
    const [foot, top] = [corner(1, 0), corner(1, 1)];
    for (const off of [0.25, 0.75]) {
      this.lines.line([foot[0], foot[1] + off, foot[2]], [top[0], top[1] + off, top[2]], BAR, BRACE);
    }
  }

  private head(station: StationDoc, builder: SolidBuilder): void {
    const { x, y } = station;
    const deck = station.base + station.platform;
    builder.box(x, y, deck - 0.3, [5, 5, 0.45], 0, 0x8fa3b5, 0xa6b6c4);
    builder.box(x, y, deck + 0.2, [1.7, 1.7, 1.5], 0.4, 0xf2f5f8, 0xffffff);
    builder.cylinder(x, y, deck + 1.7, 1.05, 1.5, 0xffb45a, { dome: 0.7, segments: 14 });
    builder.box(x, y, station.base - 0.5, [9, 9, 1.1], 0, 0x8d98a3, 0xa9b3bc);
    builder.box(x + 7, y + 2, station.base - 0.5, [5, 3, 3.4], 0, 0xb9c6d2, 0xc6d3de);
    for (const up of [0.65, 1.2]) {
      const rail = ([[-2.4, -2.4], [2.4, -2.4], [2.4, 2.4], [-2.4, 2.4]] as const).map(([u, v]): P => [x + u, y + v, deck + up]);
      this.lines.path(rail, BAR, STEEL, true);
    }
    this.lines.line([x - 2, y - 2, deck], [x - 2, y - 2, deck + 6.5], { ...LEG, width: 0.14 }, STEEL);
    this.lines.line([x - 2, y - 2, deck + 6.6], [x - 2, y - 2, deck + 6.7], { width: 0.9, least: 3, mode: Mode.glow }, { colour: 0xff5346, alpha: 0.95 });
  }

  private emitter(at: P, ground: number, builder: SolidBuilder): void {
    this.lines.line([at[0], at[1], ground - 0.5], at, { width: 0.4, least: 1.1, mode: Mode.tube }, STEEL);
    builder.box(at[0], at[1], at[2] - 0.7, [1.3, 1.3, 1.4], 0.6, 0xe8eef3, 0xffffff);
    builder.box(at[0], at[1], ground - 0.5, [3, 3, 1], 0, 0x8d98a3, 0xa9b3bc);
  }
}

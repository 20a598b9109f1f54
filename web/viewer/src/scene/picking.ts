import type { LayerId, Pick, Vec3 } from '../contract';
import type { SceneDoc } from '../formats/scene';
import { distanceToLine, distanceToSegment, insideRing, ringArea } from './geometry2d';
import { along, hitCylinder, hitPrism } from './rays';
import type { Ray, TerrainIndex } from './terrain_index';

type Kind = Pick['kind'];
export interface Hit { readonly kind: Kind; readonly id: string; readonly at: Vec3; readonly t: number }

/** What picking needs to know of the world; all places in true metres. */
export interface PickView {
  shown(id: LayerId): boolean;
  /** Pixel of a place and its depth in lengths of the pick ray, null when behind the eye. */
  project(at: Vec3): readonly [x: number, y: number, depth: number] | null;
  /** True for places that a cut has taken away. */
  cutAway(x: number, y: number): boolean;
  /** Hit of the cut face: distance along the ray, or null. */
  sectionHit(ray: Ray): number | null;
  /** Layer of the strata at a place of the face. */
  stratumAt(x: number, y: number, z: number): string;
  /** Wells and boreholes as they are drawn; null when they are not. */
  underground(x: number, y: number): readonly [number, number] | null;
  /** True when what lies below the ground can be seen. */
  readonly open: boolean;
  /** True when the ground hides what lies behind it. */
  readonly solidGround: boolean;
}

const THIN_PX = 7;
const VILLAGE_M = 75;

/** Finds what lies under a pixel. Thin things win within a few pixels when nothing hides them. */
export class Picker {
  private readonly areas;
  private readonly plots;

  constructor(private readonly doc: SceneDoc, private readonly terrain: TerrainIndex) {
    const bySize = <T extends { ring: readonly (readonly [number, number])[] }>(rows: readonly T[]): T[] =>
      [...rows].sort((p, q) => ringArea(p.ring) - ringArea(q.ring));
    this.areas = bySize(doc.areas);
    this.plots = bySize(doc.plots);
  }

  pick(ray: Ray, x: number, y: number, view: PickView): Hit | null {
    const solid = this.solid(ray, view);
    const thin = this.thin(x, y, view, solid?.t ?? Infinity);
    if (thin) return thin;
    return solid?.kind === 'terrain' ? this.onGround(solid, view) : solid;
  }

  /** Place on the ground or the cut face, whatever else stands there. */
  groundHit(ray: Ray, view: PickView): Hit | null {
    const section = view.sectionHit(ray);
    const ground = view.shown('terrain') ? this.terrain.raycast(ray, (x, y) => !view.cutAway(x, y)) : null;
    if (section !== null && (ground === null || section < ground)) {
      const at = along(ray, section);
      return { kind: 'section', id: view.stratumAt(...at), at, t: section };
    }
    return ground === null ? null : { kind: 'terrain', id: '', at: along(ray, ground), t: ground };
  }

  private solid(ray: Ray, view: PickView): Hit | null {
    const found: { best: Hit | null } = { best: this.groundHit(ray, view) };
    const offer = (kind: Kind, id: string, t: number | null): void => {
      if (t === null || t >= (found.best?.t ?? Infinity)) return;
      const at = along(ray, t);
      if (!view.cutAway(at[0], at[1])) found.best = { kind, id, at, t };
    };
    const { buildings, tanks, units } = this.doc;
    if (view.shown('buildings')) for (const b of buildings) offer('building', b.id, hitPrism(ray, b.ring, b.base - 2, b.base + b.height));
    if (view.shown('tanks')) for (const t of tanks) offer('tank', t.id, hitCylinder(ray, t.x, t.y, t.radius, t.base - 2, t.base + t.height * 1.03));
    if (view.shown('units')) {
      for (const u of units) {
        const base = this.terrain.height(u.x, u.y) ?? u.z - u.height;
        const wide = /stack|flare|chimney|vent|scrub/i.test(u.kind) ? 3 : 7;
        offer('unit', u.id, hitCylinder(ray, u.x, u.y, wide, base - 1, base + Math.max(u.height, u.z - base, 3)));
      }
    }
    return found.best;
  }

  private thin(x: number, y: number, view: PickView, limit: number): Hit | null {
    const found: { best: Hit | null; pixels: number } = { best: null, pixels: THIN_PX };
    const offer = (kind: Kind, id: string, a: Vec3, b: Vec3, slack_px = 0): void => {
      if (view.cutAway(a[0], a[1]) && view.cutAway(b[0], b[1])) return;
      const near = nearestOnScreen(a, b, x, y, view);
      if (!near || near.pixels - slack_px >= found.pixels || near.depth > limit * 1.004 + 2e-3) return;
      if (view.cutAway(near.at[0], near.at[1])) return;
      found.best = { kind, id, at: near.at, t: near.depth };
      found.pixels = near.pixels - slack_px;
    };
    if (view.shown('beams')) for (const beam of this.doc.beams) offer('beam', beam.id, beam.a, beam.b);
    if (view.shown('stations')) {
      for (const s of this.doc.stations) offer('station', s.id, [s.x, s.y, s.base], [s.x, s.y, s.base + s.platform + 5], 3);
    }
    if (view.shown('wells')) {
      for (const well of this.doc.wells) {
        const at = view.underground(well.x, well.y);
        if (at) offer('well', well.id, [at[0], at[1], well.ground + 2.2], [at[0], at[1], well.ground - (view.open ? well.depth : 0)], 2);
      }
      for (const hole of view.open ? this.doc.boreholes : []) {
        const at = view.underground(hole.x, hole.y);
        if (at) offer('borehole', hole.id, [at[0], at[1], hole.ground], [at[0], at[1], hole.ground - hole.depth], 1);
      }
    }
    return found.best;
  }

  private onGround(hit: Hit, view: PickView): Hit {
    const [x, y] = hit.at;
    const named = (kind: Kind, id: string): Hit => ({ ...hit, kind, id });
    const doc = this.doc;
    const village = view.shown('settlements') ? doc.settlements.find((v) => Math.hypot(v.x - x, v.y - y) < VILLAGE_M) : undefined;
    if (village) return named('settlement', village.id);
    const road = view.shown('roads') ? doc.roads.find((r) => distanceToLine(r.line, x, y) <= r.width / 2 + 1) : undefined;
    if (road) return named('road', road.id);
    const water = view.shown('waters') ? doc.waters.find((w) => distanceToLine(w.line, x, y) <= w.width / 2 + 1) : undefined;
    if (water) return named('water', water.id);
    const plot = view.shown('plots') ? this.plots.find((p) => insideRing(p.ring, x, y)) : undefined;
    if (plot) return named('plot', plot.id);
    const area = view.shown('areas') ? this.areas.find((a) => insideRing(a.ring, x, y)) : undefined;
    return area ? named('area', area.id) : hit;
  }
}

/** The place of a segment that is drawn nearest to a pixel; depth along the segment is true to perspective. */
function nearestOnScreen(a: Vec3, b: Vec3, x: number, y: number, view: PickView): { pixels: number; depth: number; at: Vec3 } | null {
  const [pa, pb] = [view.project(a), view.project(b)];
  if (!pa || !pb) return null;
  const near = distanceToSegment([pa[0], pa[1]], [pb[0], pb[1]], x, y);
  const s = near.share;
  const inverse = (1 - s) / pa[2] + s / pb[2];
  const share = inverse > 0 ? s / pb[2] / inverse : s;
  const at: Vec3 = [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
  return { pixels: near.distance, depth: 1 / inverse, at };
}

import { describe, expect, it } from 'vitest';
import type { Tin } from '../formats/tin';
import { parseScene } from '../formats/scene';
import { distanceToLine, insideRing, ringArea } from './geometry2d';
import { bestView, framed, pictured } from './framing';
import { placeLabels, type LabelBox } from './label_layout';
import { measured } from './measure';
import { reuseOrder, tiles } from './mesh_order';
import { Picker, type PickView } from './picking';
import { approach, copyPose, eyeOf, flightPose, forward, panTo, poseOf, rayThrough, zoomTo, type Lens, type Pose } from './pose';
import { hitCylinder, hitPrism } from './rays';
import { TerrainIndex } from './terrain_index';
import { tierOf } from './tier';

/** Seeded numbers in 0..1. */
function random(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) >>> 0;
    return state / 4294967296;
  };
}

const LENS: Lens = { tan: 0.36, aspect: 1.78 };
function somePose(next: () => number): Pose {
  return { target: [next() * 2000 - 1000, next() * 2000 - 1000, next() * 300], bearing: next() * 6 - 3, dip: 0.15 + next() * 1.2, distance: 100 + next() * 3000 };
}

/** Pixel (u, v) of a place, by the same lens. */
function pixelOf(pose: Pose, at: readonly [number, number, number]): [number, number] {
  const eye = eyeOf(pose);
  const d = [at[0] - eye[0], at[1] - eye[1], at[2] - eye[2]] as const;
  const dot = (p: readonly number[]): number => d[0] * (p[0] ?? 0) + d[1] * (p[1] ?? 0) + d[2] * (p[2] ?? 0);
  const [sb, cb, sd, cd] = [Math.sin(pose.bearing), Math.cos(pose.bearing), Math.sin(pose.dip), Math.cos(pose.dip)];
  const depth = dot(forward(pose));
  return [dot([cb, -sb, 0]) / depth / LENS.tan / LENS.aspect, dot([sb * sd, cb * sd, cd]) / depth / LENS.tan];
}

describe('camera', () => {
  it('finds the pose of a camera and back', () => {
    const next = random(1);
    for (let i = 0; i < 40; i++) {
      const pose = somePose(next);
      const back = poseOf(pose.target, eyeOf(pose));
      expect(back.bearing).toBeCloseTo(pose.bearing, 6);
      expect(back.dip).toBeCloseTo(pose.dip, 6);
      expect(back.distance).toBeCloseTo(pose.distance, 4);
    }
  });
  it('keeps the held ground under the pointer while it is dragged, and while zooming', () => {
    const next = random(2);
    for (let i = 0; i < 40; i++) {
      const pose = somePose(next);
      const [u, v] = [next() - 0.5, next() * 0.4 - 0.7];
      const d = rayThrough(pose, LENS, u, v);
      const eye = eyeOf(pose);
      const t = pose.distance * 0.8;
      const held = [eye[0] + d[0] * t, eye[1] + d[1] * t, eye[2] + d[2] * t] as const;
      if (d[2] > -0.05) continue;
      panTo(pose, LENS, held, u * 0.5, v * 0.9);
      const after = pixelOf(pose, held);
      expect(after[0]).toBeCloseTo(u * 0.5, 6);
      expect(after[1]).toBeCloseTo(v * 0.9, 6);
      const before = pixelOf(pose, held);
      zoomTo(pose, 0.7, held, 1e5);
      expect(pixelOf(pose, held)[0]).toBeCloseTo(before[0], 6);
      expect(pixelOf(pose, held)[1]).toBeCloseTo(before[1], 6);
    }
  });
  it('comes to rest exactly on the goal', () => {
    const next = random(3);
    const [now, goal] = [somePose(next), somePose(next)];
    let frames = 0;
    while (approach(now, goal, 0.2)) frames++;
    expect(frames).toBeLessThan(80);
    expect(now).toEqual(goal);
    expect(approach(now, goal, 0.2)).toBe(false);
  });
  it('flies from the one to the other, over a hill of distance on long ways', () => {
    const from: Pose = { target: [-3000, 0, 0], bearing: 3.1, dip: 0.5, distance: 800 };
    const to: Pose = { target: [3000, 0, 0], bearing: -3.1, dip: 0.7, distance: 800 };
    expect(flightPose(from, to, 0).target).toEqual(from.target);
    expect(flightPose(from, to, 0).distance).toBeCloseTo(from.distance, 6);
    expect(flightPose(from, to, 1).target).toEqual(to.target);
    expect(flightPose(from, to, 0.5).distance).toBeGreaterThan(1000);
    expect(Math.abs(flightPose(from, to, 0.5).bearing)).toBeGreaterThan(3.1); // the short way round
    expect(copyPose(from).target).not.toBe(from.target);
  });
});

/** A hilly mesh of n x n squares over 0..size. */
function hills(n: number, size: number): Tin {
  const positions: number[] = [];
  const indices: number[] = [];
  for (let j = 0; j <= n; j++) {
    for (let i = 0; i <= n; i++) {
      const [x, y] = [(i * size) / n, (j * size) / n];
      positions.push(x, y, 40 * Math.sin(x / 90) * Math.cos(y / 120));
      if (i < n && j < n) {
        const a = j * (n + 1) + i;
        indices.push(a, a + 1, a + n + 2, a, a + n + 2, a + n + 1);
      }
    }
  }
  return { positions: new Float32Array(positions), indices: new Uint32Array(indices) };
}

describe('terrain index', () => {
  const tin = hills(40, 1000);
  const index = new TerrainIndex(tin, [0, 0, 1000, 1000]);
  it('is exact at vertices and null outside', () => {
    for (let v = 0; v < tin.positions.length; v += 51) {
      const [x, y, z] = [tin.positions[v - (v % 3)] ?? 0, tin.positions[v - (v % 3) + 1] ?? 0, tin.positions[v - (v % 3) + 2] ?? 0];
      expect(index.height(x, y)).toBeCloseTo(z, 3);
    }
    expect(index.height(-1, 5)).toBeNull();
  });
  it('hits the place that a ray is aimed at, when nothing stands before it', () => {
    const next = random(4);
    for (let i = 0; i < 200; i++) {
      const [x, y] = [20 + next() * 960, 20 + next() * 960];
      const at = [x, y, index.height(x, y) ?? 0] as const;
      const origin = [next() * 3000 - 1000, next() * 3000 - 1000, 600 + next() * 900] as const;
      const direction = [at[0] - origin[0], at[1] - origin[1], at[2] - origin[2]] as const;
      const t = index.raycast({ origin, direction });
      expect(t).not.toBeNull();
      expect(t ?? 2).toBeLessThan(1.0001); // never behind the place
      const hit = [0, 1].map((k) => (origin[k] ?? 0) + (direction[k] ?? 0) * (t ?? 0));
      const z = origin[2] + direction[2] * (t ?? 0);
      expect(index.height(hit[0] ?? 0, hit[1] ?? 0) ?? 1e9).toBeCloseTo(z, 2);
    }
  });
  it('passes through what is cut away', () => {
    const ray = { origin: [500, -500, 300], direction: [0, 1, -0.35] } as const;
    const first = index.raycast(ray) ?? 0;
    const wall = -500 + first + 40;
    const second = index.raycast(ray, (_, y) => y > wall);
    expect(second ?? Infinity).toBeGreaterThan(first + 40);
    expect(index.raycast(ray, () => false)).toBeNull();
  });
  it('gives a profile that keeps to the ground', () => {
    const [a, b] = [[13, 17], [977, 901]] as const;
    const shares = index.profile(a, b);
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(1);
    const at = (t: number): number => index.height(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) ?? NaN;
    for (let i = 0; i + 1 < shares.length; i++) {
      const [s, e] = [shares[i] ?? 0, shares[i + 1] ?? 0];
      for (const f of [0.25, 0.5, 0.75]) expect(Math.abs(at(s + (e - s) * f) - (at(s) * (1 - f) + at(e) * f))).toBeLessThan(0.2);
    }
  });
});

describe('order of triangles', () => {
  const tin = hills(30, 300);
  const misses = (indices: Uint32Array): number => {
    const cache: number[] = [];
    let count = 0;
    for (const v of indices) {
      if (cache.includes(v)) continue;
      count++;
      cache.push(v);
      if (cache.length > 16) cache.shift();
    }
    return count;
  };
  const keys = (indices: Uint32Array): string[] => {
    const out: string[] = [];
    for (let f = 0; f < indices.length; f += 3) {
      const t = [indices[f] ?? 0, indices[f + 1] ?? 0, indices[f + 2] ?? 0];
      const low = t.indexOf(Math.min(...t));
      out.push([t[low], t[(low + 1) % 3], t[(low + 2) % 3]].join());
    }
    return out.sort();
  };
  it('keeps every triangle and its turn, and shades fewer vertices', () => {
    const next = random(5);
    const faces = Array.from({ length: tin.indices.length / 3 }, (_, i) => i).sort(() => next() - 0.5);
    const mixed = new Uint32Array(faces.flatMap((f) => [...tin.indices.subarray(f * 3, f * 3 + 3)]));
    const ordered = reuseOrder(mixed, tin.positions.length / 3);
    expect(keys(ordered)).toEqual(keys(mixed));
    expect(misses(ordered)).toBeLessThan(misses(mixed) / 3);
  });
  it('puts every triangle into one tile', () => {
    const parts = tiles(tin, [0, 0, 300, 300], 3, 2);
    expect(parts.length).toBe(6);
    expect(keys(new Uint32Array(parts.flatMap((part) => [...part])))).toEqual(keys(tin.indices));
  });
});

describe('labels', () => {
  it('never overlap, never leave the picture, and the important ones stay', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const next = random(seed);
      const boxes: LabelBox[] = Array.from({ length: 60 }, (_, i) => ({
        id: `l${i}`, x: next() * 800, y: next() * 500, width: 60 + next() * 90, height: 20 + next() * 20, priority: Math.floor(next() * 5), before: null,
      }));
      boxes.push({ id: 'alarm', x: 400, y: 300, width: 150, height: 40, priority: 100, before: null });
      const placed = placeLabels(boxes, 800, 500);
      expect(placed.has('alarm')).toBe(true);
      const rects = boxes.flatMap((box) => {
        const at = placed.get(box.id);
        return at ? [{ l: at.left, t: at.top, r: at.left + box.width, b: at.top + box.height, x: box.x, y: box.y }] : [];
      });
      for (const p of rects) {
        expect(p.l >= 0 && p.t >= 0 && p.r <= 800 && p.b <= 500).toBe(true);
        for (const q of rects) {
          if (p === q) continue;
          expect(p.l < q.r && p.r > q.l && p.t < q.b && p.b > q.t).toBe(false);
          const stemOver = p.x > q.l && p.x < q.r && p.y > q.t && p.b < q.b;
          expect(stemOver).toBe(false);
        }
      }
    }
  });
  it('keep off what lies over the picture; only alarms pass the share that labels may take', () => {
    const at = (id: string, x: number, priority: number): LabelBox => ({ id, x, y: 300, width: 200, height: 60, priority, before: null });
    expect(placeLabels([at('a', 100, 100)], 800, 500, [[0, 0, 400, 500]]).size).toBe(0);
    expect(placeLabels([at('a', 600, 100)], 800, 500, [[0, 0, 400, 500]]).size).toBe(1);
    const many = Array.from({ length: 6 }, (_, i) => at(`n${i}`, 100 + i * 110, 100));
    expect(placeLabels(many, 800, 500).size).toBeLessThanOrEqual(3);
    expect(placeLabels([...many, at('alarm', 400, 350)], 800, 500).has('alarm')).toBe(true);
  });
  it('stay in their slot while it is free', () => {
    const box: LabelBox = { id: 'a', x: 300, y: 200, width: 80, height: 20, priority: 1, before: null };
    const before = { left: 0, top: 0, stem: 0, stemX: 0, slot: 4 };
    expect(placeLabels([{ ...box, before }], 800, 500).get('a')?.slot).toBe(4);
    expect(placeLabels([box], 800, 500).get('a')?.slot).toBe(0);
  });
});

describe('shapes under a ray', () => {
  const ring = [[0, 0], [10, 0], [10, 6], [0, 6]] as const;
  it('hits roof and walls of a prism', () => {
    expect(hitPrism({ origin: [5, 3, 50], direction: [0, 0, -1] }, ring, 0, 8)).toBeCloseTo(42);
    expect(hitPrism({ origin: [-20, 3, 4], direction: [1, 0, 0] }, ring, 0, 8)).toBeCloseTo(20);
    expect(hitPrism({ origin: [-20, 3, 9], direction: [1, 0, 0] }, ring, 0, 8)).toBeNull();
    expect(hitPrism({ origin: [5, 30, 4], direction: [0, 1, 0] }, ring, 0, 8)).toBeNull();
  });
  it('hits mantle and top of a cylinder', () => {
    expect(hitCylinder({ origin: [-20, 0, 4], direction: [2, 0, 0] }, 0, 0, 5, 0, 8)).toBeCloseTo(7.5);
    expect(hitCylinder({ origin: [3, 0, 20], direction: [0, 0, -1] }, 0, 0, 5, 0, 8)).toBeCloseTo(12);
    expect(hitCylinder({ origin: [6, 0, 20], direction: [0, 0, -1] }, 0, 0, 5, 0, 8)).toBeNull();
  });
  it('knows rings and lines', () => {
    expect(insideRing(ring, 5, 5)).toBe(true);
    expect(insideRing(ring, 5, 7)).toBe(false);
    expect(ringArea(ring)).toBe(60);
    expect(distanceToLine([[0, 0], [10, 0]], 13, 4)).toBeCloseTo(5);
  });
});

describe('picking', () => {
  const flat: Tin = { positions: new Float32Array([0, 0, 0, 100, 0, 0, 100, 100, 0, 0, 100, 0]), indices: new Uint32Array([0, 1, 2, 0, 2, 3]) };
  const doc = parseScene({
    schema: 'twin-scene/1', extent: [0, 0, 100, 100], z_range: [0, 1], terrain: { url: 't' }, heights: { url: 'h' },
    areas: [{ id: 'A', ring: [[0, 0], [90, 0], [90, 90], [0, 90]] }], plots: [{ id: 'P', ring: [[0, 0], [40, 0], [40, 40], [0, 40]] }],
    roads: [{ id: 'R', line: [[0, 60], [100, 60]], width: 8 }],
    buildings: [{ id: 'B', ring: [[20, 20], [30, 20], [30, 30], [20, 30]], base: 0, height: 10, kind: '' }],
    beams: [{ id: 'high', station: 'S', a: [0, 25, 30], b: [100, 25, 30] }, { id: 'low', station: 'S', a: [0, 25, 5], b: [100, 25, 5] }],
  });
  const picker = new Picker(doc, new TerrainIndex(flat, doc.extent));
  const hidden = new Set<string>();
  /** Looking straight down from 1000 m: ten pixels to the metre. */
  const view: PickView = {
    shown: (id) => !hidden.has(id),
    project: ([x, y, z]) => [x * 10, y * 10, 1000 - z],
    cutAway: () => false, sectionHit: () => null, stratumAt: () => '', underground: (x, y) => [x, y], open: false, solidGround: true,
  };
  const pick = (x: number, y: number): string => {
    const hit = picker.pick({ origin: [x, y, 1000], direction: [0, 0, -1] }, x * 10, y * 10, view);
    return hit ? `${hit.kind}:${hit.id}` : 'nothing';
  };
  it('takes the thin thing within a few pixels, unless something hides it', () => {
    expect(pick(25, 25.4)).toBe('beam:high');
    hidden.add('beams');
    expect(pick(25, 25.4)).toBe('building:B');
    hidden.clear();
    const only = { ...doc, beams: doc.beams.filter((beam) => beam.id === 'low') };
    const under = new Picker(only, new TerrainIndex(flat, doc.extent));
    const hit = under.pick({ origin: [25, 25.2, 1000], direction: [0, 0, -1] }, 250, 252, view);
    expect(hit?.kind).toBe('building');
    expect(under.pick({ origin: [60, 25.2, 1000], direction: [0, 0, -1] }, 600, 252, view)?.id).toBe('low');
  });
  it('names what lies on the ground, the smallest first', () => {
    expect(pick(10, 10)).toBe('plot:P');
    expect(pick(60, 80)).toBe('area:A');
    expect(pick(60, 62)).toBe('road:R');
    expect(pick(95, 95)).toBe('terrain:');
    expect(pick(195, 95)).toBe('nothing');
  });
});

describe('measures', () => {
  it('gives level and slope length, area and height', () => {
    const way = measured('distance', [[0, 0, 0], [30, 40, 0], [30, 40, 12], [35, 40, 12]], true);
    expect([way.value, way.slope_m]).toEqual([55, 67]);
    expect(measured('area', [[0, 0, 0], [10, 0, 5], [10, 10, 0], [0, 10, 3]], false).value).toBe(100);
    expect(measured('area', [[0, 0, 0], [10, 0, 5]], false).value).toBe(0);
    expect(measured('height', [[0, 0, 3], [10, 0, 15]], true).value).toBe(12);
  });
});

describe('tier', () => {
  it('takes the middle of the times', () => {
    expect(tierOf([1, 2, 90])).toBe('full');
    expect(tierOf([40, 45, 60])).toBe('lite');
    expect(tierOf([])).toBe('lite');
  });
});

describe('framing', () => {
  const ring = (x: number, y: number): [number, number, number][] => [[x, y, 300], [x + 1600, y, 300], [x + 1600, y + 700, 310], [x, y + 700, 320]];
  it.each([0.8, 1.2, 2.4, 3.6])('holds the whole park in a picture of %f to 1', (aspect) => {
    const lens = { tan: 0.364, aspect };
    const window = { left: -0.92, right: 0.92, bottom: -0.6, top: 0.46 };
    const rings = [ring(-2500, -500), ring(900, -900)];
    for (const pose of [bestView(rings, lens, window), framed(rings.flat(), 0.3, 0.42, lens, window)]) {
      const seen = rings.flat().map((p) => pictured(pose, lens, p));
      for (const p of seen) {
        expect(Math.abs(p?.[0] ?? 9)).toBeLessThan(1);
        expect(Math.abs(p?.[1] ?? 9)).toBeLessThan(0.8);
      }
      const reach = Math.max(...seen.map((p) => p?.[0] ?? 0)) - Math.min(...seen.map((p) => p?.[0] ?? 0));
      const rise = Math.max(...seen.map((p) => p?.[1] ?? 0)) - Math.min(...seen.map((p) => p?.[1] ?? 0));
      expect(Math.max(reach / 1.84, rise / 1.06)).toBeGreaterThan(0.85);
    }
  });
});

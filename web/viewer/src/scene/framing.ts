import { eyeOf, forward, type Lens, type Pose } from './pose';

type V3 = readonly [number, number, number];

/** Where in the picture the framed things may lie, -1..1 from left to right and from bottom to top. */
export interface Window4 {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

const ROUNDS = 14;
const LEAST_DISTANCE_M = 200;

/** Picture coordinates of a place, or null behind the eye. */
export function pictured(pose: Pose, lens: Lens, at: V3): readonly [number, number] | null {
  const eye = eyeOf(pose);
  const d: V3 = [at[0] - eye[0], at[1] - eye[1], at[2] - eye[2]];
  const f = forward(pose);
  const [c, s] = [Math.cos(pose.bearing), Math.sin(pose.bearing)];
  const depth = d[0] * f[0] + d[1] * f[1] + d[2] * f[2];
  if (depth <= 1) return null;
  const right = d[0] * c - d[1] * s;
  const up = (d[0] * s + d[1] * c) * Math.sin(pose.dip) + d[2] * Math.cos(pose.dip);
  return [right / (depth * lens.tan * lens.aspect), up / (depth * lens.tan)];
}

/** The nearest view in a direction that holds all points within the window. */
export function framed(points: readonly V3[], bearing: number, dip: number, lens: Lens, window: Window4): Pose {
  const mean = [0, 1, 2].map((k) => points.reduce((sum, p) => sum + (p[k] ?? 0), 0) / Math.max(1, points.length)) as [number, number, number];
  const spread = Math.max(...points.map((p) => Math.hypot(p[0] - mean[0], p[1] - mean[1])), LEAST_DISTANCE_M);
  const pose: Pose = { target: mean, bearing, dip, distance: (spread * 2.5) / Math.min(1, lens.aspect) / lens.tan };
  for (let i = 0; i < ROUNDS; i++) {
    const seen = points.map((p) => pictured(pose, lens, p)).filter((p) => p !== null);
    if (seen.length < points.length) {
      pose.distance *= 1.5;
      continue;
    }
    const [us, vs] = [seen.map((p) => p[0]), seen.map((p) => p[1])];
    const [u0, u1, v0, v1] = [Math.min(...us), Math.max(...us), Math.min(...vs), Math.max(...vs)];
    shift(pose, lens, (u0 + u1 - window.left - window.right) / 2, (v0 + v1 - window.bottom - window.top) / 2);
    const fill = Math.max((u1 - u0) / (window.right - window.left), (v1 - v0) / (window.top - window.bottom));
    pose.distance = Math.max(LEAST_DISTANCE_M, pose.distance * Math.min(1.4, Math.max(0.6, fill)) ** 0.8);
  }
  return pose;
}

/** Moves the view over the ground so that what lies at (u, v) comes to the middle. */
function shift(pose: Pose, lens: Lens, u: number, v: number): void {
  const [c, s] = [Math.cos(pose.bearing), Math.sin(pose.bearing)];
  const aside = u * pose.distance * lens.tan * lens.aspect;
  const ahead = (v * pose.distance * lens.tan) / Math.max(0.2, Math.sin(pose.dip));
  pose.target[0] += aside * c + ahead * s * 0.8;
  pose.target[1] += -aside * s + ahead * c * 0.8;
}

/** Area of a ring in the picture; the whole picture is 4. */
function shownArea(ring: readonly V3[], pose: Pose, lens: Lens): number {
  const points = ring.map((p) => pictured(pose, lens, p));
  let twice = 0;
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length];
    if (p && q) twice += p[0] * q[1] - q[0] * p[1];
  });
  return Math.abs(twice) / 2;
}

const BEARINGS = [-0.6, -0.3, 0, 0.25, 0.5, 0.7];
const DIPS = [0.36, 0.42, 0.48];

/** Of views from the south-east over south to the south-west, the one that shows every ring largest. */
export function bestView(rings: readonly (readonly V3[])[], lens: Lens, window: Window4): Pose {
  const points = rings.flat();
  let best: { pose: Pose; worth: number } | null = null;
  for (const bearing of BEARINGS) {
    for (const dip of DIPS) {
      const pose = framed(points, bearing, dip, lens, window);
      const worth = rings.reduce((sum, ring) => sum + Math.sqrt(shownArea(ring, pose, lens)), 0);
      if (!best || worth > best.worth * 1.02) best = { pose, worth };
    }
  }
  return best?.pose ?? framed(points, 0.4, 0.45, lens, window);
}

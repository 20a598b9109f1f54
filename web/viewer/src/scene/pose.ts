type V3 = [number, number, number];

/** Where the camera looks and from where, in drawn metres. Angles in radians. */
export interface Pose {
  target: V3;
  /** Bearing of the view, clockwise from grid north. */
  bearing: number;
  /** How far the view dips below the horizon. */
  dip: number;
  distance: number;
}

export interface Lens {
  /** Tangent of half the vertical opening. */
  readonly tan: number;
  readonly aspect: number;
}

export const MIN_DISTANCE = 14;
const MIN_DIP = -0.35;
const MAX_DIP = 1.55;

export function copyPose(pose: Pose): Pose {
  return { ...pose, target: [...pose.target] };
}

export function forward(pose: Pose): V3 {
  const level = Math.cos(pose.dip);
  return [Math.sin(pose.bearing) * level, Math.cos(pose.bearing) * level, -Math.sin(pose.dip)];
}

export function eyeOf(pose: Pose): V3 {
  const f = forward(pose);
  return [pose.target[0] - f[0] * pose.distance, pose.target[1] - f[1] * pose.distance, pose.target[2] - f[2] * pose.distance];
}

export function poseOf(target: readonly [number, number, number], eye: readonly [number, number, number]): Pose {
  const d: V3 = [target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]];
  const distance = Math.max(Math.hypot(...d), MIN_DISTANCE);
  const level = Math.hypot(d[0], d[1]);
  return {
    target: [...target],
    bearing: level > 1e-6 ? Math.atan2(d[0], d[1]) : 0,
    dip: Math.min(MAX_DIP, Math.max(MIN_DIP, Math.atan2(-d[2], level))),
    distance,
  };
}

/** Unit direction through a pixel; u to the right and v up, both -1..1. */
export function rayThrough(pose: Pose, lens: Lens, u: number, v: number): V3 {
  const f = forward(pose);
  const right: V3 = [Math.cos(pose.bearing), -Math.sin(pose.bearing), 0];
  const up: V3 = [Math.sin(pose.bearing) * Math.sin(pose.dip), Math.cos(pose.bearing) * Math.sin(pose.dip), Math.cos(pose.dip)];
  const d = f.map((k, i) => k + (right[i] ?? 0) * u * lens.tan * lens.aspect + (up[i] ?? 0) * v * lens.tan) as V3;
  const size = Math.hypot(...d);
  return [d[0] / size, d[1] / size, d[2] / size];
}

/** Moves the target so that `held` (a place in the scene) lies under the pixel (u, v). */
export function panTo(pose: Pose, lens: Lens, held: readonly [number, number, number], u: number, v: number): void {
  const eye = eyeOf(pose);
  const d = rayThrough(pose, lens, u, v);
  const t = (held[2] - eye[2]) / d[2];
  if (!Number.isFinite(t) || t <= 0 || t > pose.distance * 12) return;
  pose.target[0] += held[0] - (eye[0] + d[0] * t);
  pose.target[1] += held[1] - (eye[1] + d[1] * t);
}

/** Brings the camera nearer (factor < 1) while `held` stays under its pixel. */
export function zoomTo(pose: Pose, factor: number, held: readonly [number, number, number], farthest: number): void {
  const distance = Math.min(farthest, Math.max(MIN_DISTANCE, pose.distance * factor));
  const f = distance / pose.distance;
  for (let i = 0; i < 3; i++) pose.target[i] = (held[i] ?? 0) + ((pose.target[i] ?? 0) - (held[i] ?? 0)) * f;
  pose.distance = distance;
}

export function turn(pose: Pose, byBearing: number, byDip: number): void {
  pose.bearing = wrapAngle(pose.bearing + byBearing);
  pose.dip = Math.min(MAX_DIP, Math.max(0.03, pose.dip + byDip));
}

/** Moves `now` towards `goal` by the share `k`; true while anything still moves visibly. */
export function approach(now: Pose, goal: Pose, k: number): boolean {
  let rest = 0;
  for (let i = 0; i < 3; i++) {
    const gap = (goal.target[i] ?? 0) - (now.target[i] ?? 0);
    rest = Math.max(rest, Math.abs(gap) / goal.distance);
    now.target[i] = (now.target[i] ?? 0) + gap * k;
  }
  const turnGap = wrapAngle(goal.bearing - now.bearing);
  const dipGap = goal.dip - now.dip;
  const zoomGap = Math.log(goal.distance / now.distance);
  now.bearing = wrapAngle(now.bearing + turnGap * k);
  now.dip += dipGap * k;
  now.distance *= Math.exp(zoomGap * k);
  rest = Math.max(rest, Math.abs(turnGap), Math.abs(dipGap), Math.abs(zoomGap));
  if (rest * (1 - k) > 4e-4) return true;
  Object.assign(now, copyPose(goal));
  return false;
}

/** A flight's pose at share s (0..1) of the way; it climbs when the way is long. */
export function flightPose(from: Pose, to: Pose, s: number): Pose {
  const e = s * s * s * (s * (6 * s - 15) + 10);
  const way = Math.hypot(to.target[0] - from.target[0], to.target[1] - from.target[1]);
  const higher = Math.max(from.distance, to.distance);
  const climb = Math.min(0.9, Math.max(0, way / higher - 0.6) * 0.5) * 4 * e * (1 - e);
  const blend = (a: number, b: number): number => a + (b - a) * e;
  return {
    target: [blend(from.target[0], to.target[0]), blend(from.target[1], to.target[1]), blend(from.target[2], to.target[2])],
    bearing: wrapAngle(from.bearing + wrapAngle(to.bearing - from.bearing) * e),
    dip: blend(from.dip, to.dip),
    distance: Math.exp(blend(Math.log(from.distance), Math.log(to.distance))) * (1 + climb),
  };
}

export function wrapAngle(angle: number): number {
  const turns = angle / (2 * Math.PI);
  return (turns - Math.round(turns)) * 2 * Math.PI;
}

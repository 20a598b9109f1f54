import { insideRing } from './geometry2d';
import type { Ray } from './terrain_index';

type Point2 = readonly [number, number];

export function along(ray: Ray, t: number): [number, number, number] {
  return [ray.origin[0] + ray.direction[0] * t, ray.origin[1] + ray.direction[1] * t, ray.origin[2] + ray.direction[2] * t];
}

/** Nearest hit of an upright prism without floor, in lengths of the ray's direction. */
export function hitPrism(ray: Ray, ring: readonly Point2[], base: number, top: number): number | null {
  const [ox, oy, oz] = ray.origin;
  const [dx, dy, dz] = ray.direction;
  let best = Infinity;
  if (dz !== 0) {
    const t = (top - oz) / dz;
    if (t > 0 && insideRing(ring, ox + dx * t, oy + dy * t)) best = t;
  }
  for (let i = 0; i < ring.length; i++) {
    const [p, q] = [ring[i], ring[(i + 1) % ring.length]];
    if (!p || !q) continue;
    const [ex, ey] = [q[0] - p[0], q[1] - p[1]];
    const det = ex * dy - ey * dx;
    if (det === 0) continue;
    const t = (ey * (ox - p[0]) - ex * (oy - p[1])) / det;
    const s = (dy * (ox - p[0]) - dx * (oy - p[1])) / det;
    if (t <= 0 || t >= best || s < 0 || s > 1) continue;
    const z = oz + dz * t;
    if (z >= base && z <= top) best = t;
  }
  return best < Infinity ? best : null;
}

/** Nearest hit of an upright cylinder with a flat top. */
export function hitCylinder(ray: Ray, x: number, y: number, radius: number, base: number, top: number): number | null {
  const [ox, oy] = [ray.origin[0] - x, ray.origin[1] - y];
  const [dx, dy, dz] = ray.direction;
  let best = Infinity;
  if (dz !== 0) {
    const t = (top - ray.origin[2]) / dz;
    if (t > 0 && Math.hypot(ox + dx * t, oy + dy * t) <= radius) best = t;
  }
  const a = dx * dx + dy * dy;
  const b = ox * dx + oy * dy;
  const root = b * b - a * (ox * ox + oy * oy - radius * radius);
  if (a > 0 && root >= 0) {
    const t = (-b - Math.sqrt(root)) / a;
    const z = ray.origin[2] + dz * t;
    if (t > 0 && t < best && z >= base && z <= top) best = t;
  }
  return best < Infinity ? best : null;
}

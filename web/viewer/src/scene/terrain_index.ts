import type { Extent, Tin } from '../formats/tin';

export interface Ray {
  readonly origin: readonly [number, number, number];
  readonly direction: readonly [number, number, number];
}

/** Finds the triangles of the ground under a place or along a ray: a grid of buckets over x and y. */
export class TerrainIndex {
  private readonly nx: number;
  private readonly ny: number;
  private readonly starts: Uint32Array;
  private readonly members: Uint32Array;
  private readonly cellX: number;
  private readonly cellY: number;

  constructor(private readonly tin: Tin, private readonly extent: Extent) {
    const side = Math.min(256, Math.max(8, Math.round(Math.sqrt(tin.indices.length / 3 / 2))));
    this.nx = this.ny = side;
    this.cellX = (extent[2] - extent[0]) / side;
    this.cellY = (extent[3] - extent[1]) / side;
    this.starts = new Uint32Array(side * side + 1);
    this.eachCell((cell) => { this.starts[cell + 1] = (this.starts[cell + 1] ?? 0) + 1; });
    for (let i = 0; i < side * side; i++) this.starts[i + 1] = (this.starts[i + 1] ?? 0) + (this.starts[i] ?? 0);
    this.members = new Uint32Array(this.starts[side * side] ?? 0);
    const next = this.starts.slice();
    this.eachCell((cell, triangle) => {
      const at = next[cell] ?? 0;
      next[cell] = at + 1;
      this.members[at] = triangle;
    });
  }

  /** Height of the mesh, null outside of it. */
  height(x: number, y: number): number | null {
    const [i, j] = [Math.floor((x - this.extent[0]) / this.cellX), Math.floor((y - this.extent[1]) / this.cellY)];
    const cell = Math.min(j, this.ny - 1) * this.nx + Math.min(i, this.nx - 1);
    if (x < this.extent[0] || y < this.extent[1] || x > this.extent[2] || y > this.extent[3]) return null;
    for (let m = this.starts[cell] ?? 0; m < (this.starts[cell + 1] ?? 0); m++) {
      const z = this.heightOn(this.members[m] ?? 0, x, y);
      if (z !== null) return z;
    }
    return null;
  }

  /**
   * Distance along the ray, in lengths of its direction, to the nearest hit that `accept` takes;
   * null when there is none.
   */
  raycast(ray: Ray, accept: (x: number, y: number) => boolean = () => true): number | null {
    const [ox, oy] = ray.origin;
    const [dx, dy] = ray.direction;
    const [enter, leave] = this.span(ray);
    if (leave < enter) return null;
    let t = enter + 1e-9;
    let i = clampIndex(Math.floor((ox + dx * t - this.extent[0]) / this.cellX), this.nx);
    let j = clampIndex(Math.floor((oy + dy * t - this.extent[1]) / this.cellY), this.ny);
    for (let guard = 0; guard < 2 * (this.nx + this.ny) + 4; guard++) {
      const nextX = dx === 0 ? Infinity : (this.extent[0] + (i + (dx > 0 ? 1 : 0)) * this.cellX - ox) / dx;
      const nextY = dy === 0 ? Infinity : (this.extent[1] + (j + (dy > 0 ? 1 : 0)) * this.cellY - oy) / dy;
      const end = Math.min(nextX, nextY, leave);
      const hit = this.hitInCell(j * this.nx + i, ray, accept, end + 1e-6 * (1 + Math.abs(end)));
      if (hit !== null) return hit;
      if (end >= leave) return null;
      t = end;
      if (nextX <= nextY) i += dx > 0 ? 1 : -1;
      else j += dy > 0 ? 1 : -1;
      if (i < 0 || j < 0 || i >= this.nx || j >= this.ny) return null;
    }
    return null;
  }

  /**
   * Where the line from a to b crosses edges of the mesh: shares of the way in rising order, thinned
   * to what keeps the line of the ground within `tolerance_m`, at most `gap_m` apart.
   */
  profile(a: readonly [number, number], b: readonly [number, number], tolerance_m = 0.15, gap_m = 15): number[] {
    const { indices, positions } = this.tin;
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const length = Math.hypot(dx, dy);
    const crossings: [share: number, z: number][] = [];
    for (let i = 0; i < indices.length; i++) {
      const next = i % 3 === 2 ? i - 2 : i + 1;
      const [p, q] = [(indices[i] ?? 0) * 3, (indices[next] ?? 0) * 3];
      if (p > q) continue; // the other triangle has this edge the other way round
      const px = (positions[p] ?? 0) - a[0], py = (positions[p + 1] ?? 0) - a[1];
      const qx = (positions[q] ?? 0) - a[0], qy = (positions[q + 1] ?? 0) - a[1];
      const [sp, sq] = [dx * py - dy * px, dx * qy - dy * qx];
      if (sp > 0 === sq > 0) continue;
      const f = sp / (sp - sq);
      const share = ((px + (qx - px) * f) * dx + (py + (qy - py) * f) * dy) / (length * length);
      if (share <= 0 || share >= 1) continue;
      crossings.push([share, (positions[p + 2] ?? 0) * (1 - f) + (positions[q + 2] ?? 0) * f]);
    }
    crossings.sort((p, q) => p[0] - q[0]);
    return thinned([[0, this.height(a[0], a[1]) ?? 0], ...crossings, [1, this.height(b[0], b[1]) ?? 0]], length, tolerance_m, gap_m);
  }

  private eachCell(visit: (cell: number, triangle: number) => void): void {
    const { indices, positions } = this.tin;
    for (let f = 0; f < indices.length; f += 3) {
      let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let k = 0; k < 3; k++) {
        const v = (indices[f + k] ?? 0) * 3;
        const [x, y] = [positions[v] ?? 0, positions[v + 1] ?? 0];
        if (x < x0) x0 = x;
        if (x > x1) x1 = x;
        if (y < y0) y0 = y;
        if (y > y1) y1 = y;
      }
      const i0 = clampIndex(Math.floor((x0 - this.extent[0]) / this.cellX), this.nx);
      const i1 = clampIndex(Math.floor((x1 - this.extent[0]) / this.cellX), this.nx);
      const j0 = clampIndex(Math.floor((y0 - this.extent[1]) / this.cellY), this.ny);
      const j1 = clampIndex(Math.floor((y1 - this.extent[1]) / this.cellY), this.ny);
      for (let j = j0; j <= j1; j++) for (let i = i0; i <= i1; i++) visit(j * this.nx + i, f);
    }
  }

  private heightOn(f: number, x: number, y: number): number | null {
    const { indices, positions: p } = this.tin;
    const [a, b, c] = [(indices[f] ?? 0) * 3, (indices[f + 1] ?? 0) * 3, (indices[f + 2] ?? 0) * 3];
    const [ax, ay] = [p[a] ?? 0, p[a + 1] ?? 0];
    const [ux, uy] = [(p[b] ?? 0) - ax, (p[b + 1] ?? 0) - ay];
    const [vx, vy] = [(p[c] ?? 0) - ax, (p[c + 1] ?? 0) - ay];
    const det = ux * vy - uy * vx;
    if (det === 0) return null;
    const u = ((x - ax) * vy - (y - ay) * vx) / det;
    const v = (ux * (y - ay) - uy * (x - ax)) / det;
    if (u < -1e-6 || v < -1e-6 || u + v > 1 + 1e-6) return null;
    const az = p[a + 2] ?? 0;
    return az + u * ((p[b + 2] ?? 0) - az) + v * ((p[c + 2] ?? 0) - az);
  }

  private span(ray: Ray): [number, number] {
    let [enter, leave] = [0, Infinity];
    for (let axis = 0; axis < 2; axis++) {
      const o = ray.origin[axis] ?? 0;
      const d = ray.direction[axis] ?? 0;
      const [lo, hi] = [this.extent[axis] ?? 0, this.extent[axis + 2] ?? 0];
      if (d === 0) {
        if (o < lo || o > hi) return [1, 0];
        continue;
      }
      const [s, e] = [(lo - o) / d, (hi - o) / d];
      enter = Math.max(enter, Math.min(s, e));
      leave = Math.min(leave, Math.max(s, e));
    }
    return [enter, leave];
  }

  private hitInCell(cell: number, ray: Ray, accept: (x: number, y: number) => boolean, limit: number): number | null {
    let best: number | null = null;
    for (let m = this.starts[cell] ?? 0; m < (this.starts[cell + 1] ?? 0); m++) {
      const f = this.members[m] ?? 0;
      const t = hitTriangle(this.tin, f, ray);
      if (t === null || t > limit || (best !== null && t >= best)) continue;
      if (accept(ray.origin[0] + ray.direction[0] * t, ray.origin[1] + ray.direction[1] * t)) best = t;
    }
    return best;
  }
}

/** Keeps a crossing when leaving it out would move the line of heights by more than the tolerance. */
function thinned(line: readonly [number, number][], length: number, tolerance_m: number, gap_m: number): number[] {
  const kept: number[] = [0];
  let start = 0;
  for (let end = 2; end < line.length; end++) {
    const [from, to] = [line[start], line[end]];
    if (!from || !to) continue;
    let good = (to[0] - from[0]) * length <= gap_m;
    for (let k = start + 1; good && k < end; k++) {
      const at = line[k];
      if (!at || to[0] - from[0] < 1e-12) continue;
      const z = from[1] + ((to[1] - from[1]) * (at[0] - from[0])) / (to[0] - from[0]);
      good = Math.abs(z - at[1]) <= tolerance_m;
    }
    if (good) continue;
    start = end - 1;
    const share = line[start]?.[0] ?? 0;
    const last = kept.at(-1) ?? 0;
    const pieces = Math.max(1, Math.ceil(((share - last) * length) / gap_m));
    for (let k = 1; k <= pieces; k++) kept.push(last + ((share - last) * k) / pieces);
  }
  kept.push(1);
  return kept;
}

function clampIndex(value: number, count: number): number {
  return Math.min(Math.max(value, 0), count - 1);
}

/** Moeller and Trumbore (1997), both faces. */
function hitTriangle(tin: Tin, f: number, ray: Ray): number | null {
  const { indices, positions: p } = tin;
  const [a, b, c] = [(indices[f] ?? 0) * 3, (indices[f + 1] ?? 0) * 3, (indices[f + 2] ?? 0) * 3];
  const [dx, dy, dz] = ray.direction;
  const ax = p[a] ?? 0, ay = p[a + 1] ?? 0, az = p[a + 2] ?? 0;
  const ux = (p[b] ?? 0) - ax, uy = (p[b + 1] ?? 0) - ay, uz = (p[b + 2] ?? 0) - az;
  const vx = (p[c] ?? 0) - ax, vy = (p[c + 1] ?? 0) - ay, vz = (p[c + 2] ?? 0) - az;
  const qx = dy * vz - dz * vy, qy = dz * vx - dx * vz, qz = dx * vy - dy * vx;
  const det = ux * qx + uy * qy + uz * qz;
  if (Math.abs(det) < 1e-12) return null;
  const sx = ray.origin[0] - ax, sy = ray.origin[1] - ay, sz = ray.origin[2] - az;
  const u = (sx * qx + sy * qy + sz * qz) / det;
  if (u < -1e-7 || u > 1 + 1e-7) return null;
  const rx = sy * uz - sz * uy, ry = sz * ux - sx * uz, rz = sx * uy - sy * ux;
  const v = (dx * rx + dy * ry + dz * rz) / det;
  if (v < -1e-7 || u + v > 1 + 1e-7) return null;
  const t = (vx * rx + vy * ry + vz * rz) / det;
  return t > 0 ? t : null;
}

import { BufferAttribute, BufferGeometry, Mesh, ShapeUtils, Vector2, type RawShaderMaterial } from 'three';
import { createMaterial, type Shared } from '../scene/shared';
import { SOLID_FRAGMENT, SOLID_VERTEX } from '../shaders/solid';
import type { Layer } from './layer';

export const Pattern = { plain: 0, hall: 1, floors: 2, tank: 3, roof: 4 } as const;
type Point2 = readonly [number, number];

/** Gathers walls, roofs and cylinders of many things into one mesh. */
export class SolidBuilder {
  private readonly positions: number[] = [];
  private readonly normals: number[] = [];
  private readonly colours: number[] = [];
  private readonly infos: number[] = [];
  private readonly indices: number[] = [];

  get triangles(): number {
    return this.indices.length / 3;
  }

  /** Upright prism on a ring given in either turn; wall and roof colours are 0xrrggbb. */
  prism(ring: readonly Point2[], base: number, height: number, wall: number, roof: number, pattern: number): this {
    const outline = openRing(ring);
    if (outline.length < 3) return this;
    if (ShapeUtils.area(outline) < 0) outline.reverse();
    const seed = Math.abs(Math.sin((outline[0]?.x ?? 0) * 12.9 + (outline[0]?.y ?? 0) * 7.3)) * 0.98;
    let along = 0;
    for (let i = 0; i < outline.length; i++) {
      const [p, q] = [outline[i], outline[(i + 1) % outline.length]];
      if (!p || !q) continue;
      const length = p.distanceTo(q);
      if (length < 1e-6) continue;
      const n: [number, number, number] = [(q.y - p.y) / length, -(q.x - p.x) / length, 0];
      const look = pattern + seed;
      const at = [
        this.vertex(p.x, p.y, base, n, wall, along, 0, height, look),
        this.vertex(q.x, q.y, base, n, wall, along + length, 0, height, look),
        this.vertex(q.x, q.y, base + height, n, wall, along + length, height, height, look),
        this.vertex(p.x, p.y, base + height, n, wall, along, height, height, look),
      ] as const;
      this.indices.push(at[0], at[1], at[2], at[0], at[2], at[3]);
      along += length;
    }
    return this.cap(outline, base + height, height, roof);
  }

  /** Upright cylinder or cone frustum; `dome` is the rise of its roof in the middle. */
  cylinder(
    x: number, y: number, base: number, radius: number, height: number, colour: number,
    options: { dome?: number; segments?: number; top?: number; pattern?: number } = {},
  ): this {
    const { dome = 0, segments = 20, top = radius, pattern = Pattern.plain } = options;
    const rings: [number, number, number][] = [[0, radius, 0], [height, top, 0]];
    const slope = Math.atan2(dome, top);
    if (dome > 0) rings.push([height, top, 1], [height + dome * 0.75, top * 0.55, 1], [height + dome, 0.001, 1]);
    else rings.push([height, top, 1], [height, 0.001, 1]);
    const first: number[] = [];
    for (const [up, r, isRoof] of rings) {
      first.push(this.positions.length / 3);
      for (let s = 0; s <= segments; s++) {
        const angle = (s / segments) * 2 * Math.PI;
        const [c, d] = [Math.cos(angle), Math.sin(angle)];
        const lean = isRoof ? Math.sin(slope) * (r / top) * 1.3 : 0;
        const n: [number, number, number] = isRoof ? [c * lean, d * lean, Math.sqrt(Math.max(0.05, 1 - lean * lean))] : [c, d, 0];
        const tint = isRoof ? lighten(colour, 1.08) : colour;
        this.vertex(x + c * r, y + d * r, base + up, n, tint, angle * radius, up, height, isRoof ? Pattern.roof : pattern);
      }
    }
    for (let k = 0; k + 1 < first.length; k++) {
      if (k !== 1) this.band(first[k] ?? 0, first[k + 1] ?? 0, segments);
    }
    return this;
  }

  /** Box turned by `turn` radians. */
  box(x: number, y: number, base: number, size: readonly [number, number, number], turn: number, wall: number, roof = wall, pattern = 0): this {
    return this.prism(rectangle(x, y, size[0], size[1], turn), base, size[2], wall, roof, pattern);
  }

  /** Small house with a ridged roof. */
  house(x: number, y: number, base: number, size: readonly [number, number, number], turn: number, wall: number, roof: number): this {
    const ring = rectangle(x, y, size[0], size[1], turn);
    this.prism(ring, base, size[2], wall, roof, Pattern.plain);
    const [c, s] = [Math.cos(turn), Math.sin(turn)];
    const eave = base + size[2];
    const ridge = eave + size[1] * 0.38;
    const ends = [-1, 1].map((k) => [x + (c * k * size[0]) / 2, y + (s * k * size[0]) / 2, ridge] as const);
    const [w, e] = ends as [readonly [number, number, number], readonly [number, number, number]];
    const corner = (i: number): readonly [number, number, number] => [ring[i]?.[0] ?? x, ring[i]?.[1] ?? y, eave];
    this.facet([corner(0), corner(1), e, w], roof);
    this.facet([corner(2), corner(3), w, e], roof);
    this.facet([corner(1), corner(2), e], wall);
    this.facet([corner(3), corner(0), w], wall);
    return this;
  }

  build(shared: Shared): SolidLayer {
    return new SolidLayer(shared, this.geometry());
  }

  geometry(): BufferGeometry {
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(this.positions), 3));
    geometry.setAttribute('normal', new BufferAttribute(new Int8Array(this.normals), 4, true));
    geometry.setAttribute('colour', new BufferAttribute(new Uint8Array(this.colours), 4, true));
    geometry.setAttribute('info', new BufferAttribute(new Float32Array(this.infos), 4));
    geometry.setIndex(new BufferAttribute(new Uint32Array(this.indices), 1));
    return geometry;
  }

  private cap(outline: readonly Vector2[], z: number, height: number, colour: number): this {
    const first = this.positions.length / 3;
    for (const p of outline) this.vertex(p.x, p.y, z, [0, 0, 1], colour, 0, height, height, Pattern.roof);
    for (const face of ShapeUtils.triangulateShape([...outline], [])) {
      for (const k of face) this.indices.push(first + k);
    }
    return this;
  }

  private facet(points: readonly (readonly [number, number, number])[], colour: number): void {
    const [p, q, r] = points;
    if (!p || !q || !r) return;
    const [u, v] = [[q[0] - p[0], q[1] - p[1], q[2] - p[2]], [r[0] - p[0], r[1] - p[1], r[2] - p[2]]] as const;
    const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]] as [number, number, number];
    const size = Math.hypot(...n) || 1;
    const unit: [number, number, number] = [n[0] / size, n[1] / size, n[2] / size];
    const at = points.map((point) => this.vertex(point[0], point[1], point[2], unit, colour, 0, 9, 9, Pattern.roof));
    for (let i = 2; i < at.length; i++) this.indices.push(at[0] ?? 0, at[i - 1] ?? 0, at[i] ?? 0);
  }

  private band(low: number, high: number, segments: number): void {
    for (let s = 0; s < segments; s++) {
      this.indices.push(low + s, low + s + 1, high + s + 1, low + s, high + s + 1, high + s);
    }
  }

  private vertex(
    x: number, y: number, z: number, n: readonly [number, number, number], colour: number,
    along: number, up: number, height: number, look: number,
  ): number {
    this.positions.push(x, y, z);
    this.normals.push(Math.round(n[0] * 127), Math.round(n[1] * 127), Math.round(n[2] * 127), 0);
    this.colours.push(colour >> 16, (colour >> 8) & 255, colour & 255, 255);
    this.infos.push(along, up, height, look);
    return this.positions.length / 3 - 1;
  }
}

/** A merged mesh with the shared solid look. */
export class SolidLayer implements Layer {
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly opacity = { value: 1 };

  constructor(shared: Shared, geometry: BufferGeometry) {
    const material = createMaterial(shared, {
      vertex: SOLID_VERTEX, fragment: SOLID_FRAGMENT, uniforms: { opacity: this.opacity },
    });
    this.object = new Mesh(geometry, material);
    this.object.matrixAutoUpdate = false;
  }

  setVisible(visible: boolean, opacity: number): void {
    const material = this.object.material;
    this.object.visible = visible && opacity > 0.01;
    this.opacity.value = opacity;
    if (material.transparent !== opacity < 1) {
      material.transparent = opacity < 1;
      material.needsUpdate = true;
    }
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

export function lighten(colour: number, factor: number): number {
  const part = (shift: number): number => Math.min(255, Math.round(((colour >> shift) & 255) * factor)) << shift;
  return part(16) | part(8) | part(0);
}

export function rectangle(x: number, y: number, width: number, depth: number, turn: number): Point2[] {
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return ([[-1, -1], [1, -1], [1, 1], [-1, 1]] as const).map(([a, b]) => {
    const [u, v] = [(a * width) / 2, (b * depth) / 2];
    return [x + u * c - v * s, y + u * s + v * c] as const;
  });
}

function openRing(ring: readonly Point2[]): Vector2[] {
  const points = ring.map(([x, y]) => new Vector2(x, y));
  const [first, last] = [points[0], points.at(-1)];
  if (first && last && points.length > 1 && first.distanceTo(last) < 1e-6) points.pop();
  return points;
}

import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, type RawShaderMaterial } from 'three';
import { sampleGrid, type Grid } from '../formats/grid';
import { createMaterial, type Shared } from '../scene/shared';
import type { Layer } from './layer';

const VERTEX = `
in float cover;
out float vHaze, vCover;
void main() {
  vAt = position;
  vCover = cover;
  vec4 world = modelMatrix * vec4(position, 1.);
  vHaze = haze(world.xyz);
  gl_Position = projectionMatrix * (viewMatrix * world);
}`;

/** Head contours every metre, every fifth one stronger; nothing where the ground is lower than the head. */
const FRAGMENT = `
uniform float opacity;
in float vHaze, vCover;
float contour(float spacing, float width) {
  float q = vAt.z / spacing;
  float w = max(fwidth(q), 1e-4);
  return (1. - smoothstep(width - .5, width + .5, abs(fract(q - .5) - .5) / w)) * clamp(1.4 - 3.5 * w, 0., 1.);
}
void main() {
  TAKE_AWAY
  if (vCover < 0.) discard;
  float line = max(contour(1., .6) * .45, contour(5., 1.2));
  vec3 c = mix(vec3(.10, .42, .72), vec3(.62, .93, 1.), line);
  o = vec4(mix(c, HAZE, vHaze), opacity * mix(.50, .95, line));
}`;

/**
 * The water table as a surface under the ground. It is drawn only while one can see into the ground,
 * and never above it: in a gully that cuts below the heads between the wells it ends.
 */
export class WaterTableLayer implements Layer {
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly opacity = { value: 1 };
  private shown = true;
  private open = false;

  constructor(shared: Shared, private readonly heights: Grid) {
    this.object = new Mesh(new BufferGeometry(), createMaterial(shared, {
      vertex: VERTEX, fragment: FRAGMENT, uniforms: { opacity: this.opacity },
      options: { transparent: true, side: DoubleSide, depthWrite: false },
    }));
    this.object.matrixAutoUpdate = false;
    this.object.renderOrder = -11;
    this.object.visible = false;
    this.object.frustumCulled = false;
  }

  setGrid(grid: Grid | null): void {
    this.object.geometry.dispose();
    if (grid) fill(this.object.geometry, grid, this.heights);
    else this.object.geometry.setIndex([]);
    this.refresh();
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible;
    this.opacity.value = opacity;
    this.refresh();
  }

  /** Whether one can see through the ground. */
  setOpen(open: boolean): void {
    this.open = open;
    this.refresh();
  }

  private refresh(): void {
    this.object.visible = this.shown && this.open && (this.object.geometry.index?.count ?? 0) > 0;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

/** Lowest ground within one cell of a place. */
function lowestAround(heights: Grid, x: number, y: number, dx: number, dy: number): number {
  let low = Infinity;
  for (let j = -3; j <= 3; j++) {
    for (let i = -3; i <= 3; i++) {
      const z = sampleGrid(heights, 0, x + (i / 3) * dx, y + (j / 3) * dy, false);
      if (z < low) low = z;
    }
  }
  return low;
}

function fill(geometry: BufferGeometry, grid: Grid, heights: Grid): void {
  const head = grid.bands[0] ?? new Float32Array(0);
  const positions = new Float32Array(grid.nx * grid.ny * 3);
  const cover = new Float32Array(grid.nx * grid.ny);
  const indices: number[] = [];
  for (let j = 0, at = 0; j < grid.ny; j++) {
    for (let i = 0; i < grid.nx; i++, at++) {
      const z = head[at] ?? NaN;
      const [x, y] = [grid.x0 + i * grid.dx, grid.y0 + j * grid.dy];
      positions.set([x, y, Number.isFinite(z) ? z : 0], at * 3);
      cover[at] = Number.isFinite(z) ? lowestAround(heights, x, y, grid.dx, grid.dy) - z : -1;
      if (i + 1 >= grid.nx || j + 1 >= grid.ny) continue;
      const corners = [at, at + 1, at + grid.nx + 1, at + grid.nx] as const;
      if (!corners.every((k) => Number.isFinite(head[k] ?? NaN))) continue;
      indices.push(corners[0], corners[1], corners[2], corners[0], corners[2], corners[3]);
    }
  }
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setAttribute('cover', new BufferAttribute(cover, 1));
  geometry.setIndex(indices);
}

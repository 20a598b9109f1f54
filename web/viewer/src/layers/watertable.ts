import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, type RawShaderMaterial } from 'three';
import type { Grid } from '../formats/grid';
import { createMaterial, type Shared } from '../scene/shared';
import type { Layer } from './layer';

const VERTEX = `
out float vHaze;
void main() {
  vAt = position;
  vec4 world = modelMatrix * vec4(position, 1.);
  vHaze = haze(world.xyz);
  gl_Position = projectionMatrix * (viewMatrix * world);
}`;

/** Head contours every metre, every fifth one stronger. */
const FRAGMENT = `
uniform float opacity;
in float vHaze;
float contour(float spacing, float width) {
  float q = vAt.z / spacing;
  float w = max(fwidth(q), 1e-4);
  return (1. - smoothstep(width - .5, width + .5, abs(fract(q - .5) - .5) / w)) * clamp(1.4 - 3.5 * w, 0., 1.);
}
void main() {
  TAKE_AWAY
  float line = max(contour(1., .6) * .45, contour(5., 1.2));
  vec3 c = mix(vec3(.10, .42, .72), vec3(.62, .93, 1.), line);
  o = vec4(mix(c, HAZE, vHaze), opacity * mix(.50, .95, line));
}`;

/** The water table as a surface under the ground. */
export class WaterTableLayer implements Layer {
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly opacity = { value: 1 };
  private shown = true;

  constructor(shared: Shared) {
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
    if (grid) fill(this.object.geometry, grid);
    else this.object.geometry.setIndex([]);
    this.object.visible = this.shown && grid !== null;
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible;
    this.opacity.value = opacity;
    this.object.visible = visible && (this.object.geometry.index?.count ?? 0) > 0;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

function fill(geometry: BufferGeometry, grid: Grid): void {
  const head = grid.bands[0] ?? new Float32Array(0);
  const positions = new Float32Array(grid.nx * grid.ny * 3);
  const indices: number[] = [];
  for (let j = 0, at = 0; j < grid.ny; j++) {
    for (let i = 0; i < grid.nx; i++, at++) {
      const z = head[at] ?? NaN;
      positions.set([grid.x0 + i * grid.dx, grid.y0 + j * grid.dy, Number.isFinite(z) ? z : 0], at * 3);
      if (i + 1 >= grid.nx || j + 1 >= grid.ny) continue;
      const corners = [at, at + 1, at + grid.nx + 1, at + grid.nx] as const;
      if (!corners.every((k) => Number.isFinite(head[k] ?? NaN))) continue;
      indices.push(corners[0], corners[1], corners[2], corners[0], corners[2], corners[3]);
    }
  }
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(indices);
}

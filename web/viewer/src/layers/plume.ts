import {
  BackSide, BufferAttribute, BufferGeometry, ClampToEdgeWrapping, CustomBlending, Data3DTexture, DataTexture, DataUtils,
  DepthTexture, Group, HalfFloatType, LinearFilter, Matrix4, Mesh, NearestFilter, NoBlending, OneFactor,
  OneMinusSrcAlphaFactor, RedFormat, Scene, Vector2, Vector3, Vector4, WebGLRenderTarget,
  type PerspectiveCamera, type RawShaderMaterial, type WebGLRenderer,
} from 'three';
import { RAMP, RAMP_RANGE_KG_M3 } from '../contract';
import { sampleGrid, type Grid } from '../formats/grid';
import { filledCells, type CellBox, type Volume } from '../formats/volume';
import { reuseOrder } from '../scene/mesh_order';
import { createMaterial, trueHeight, type Shared } from '../scene/shared';
import { PLUME_FRAGMENT, PLUME_VERTEX, VEIL_FRAGMENT, VEIL_VERTEX } from '../shaders/plume';
import { DEPTH_FRAGMENT, DEPTH_VERTEX } from '../shaders/terrain';
import { rampColour } from './beams';
import type { Layer } from './layer';

/**
 * The gas: marched into a small picture with a small depth picture of its own, then laid over the
 * scene. Only pixels of the box around the filled cells cost anything.
 */
export class PlumeLayer implements Layer {
  /** Goes into the scene; the marching itself happens in `prepare`. */
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly marcher: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly box = new BufferGeometry();
  private readonly marching = new Scene();
  private readonly occluders = new Scene();
  private readonly occluderGroup = new Group();
  private readonly depthMaterial: RawShaderMaterial;
  private readonly picture: WebGLRenderTarget;
  private readonly depth: WebGLRenderTarget;
  private texture: Data3DTexture | null = null;
  private readonly uniforms;
  private readonly share: number;
  private shown = true;
  private volume: Volume | null = null;
  /** Cells that show a colour; null when there are none. */
  private filled: CellBox | null = null;

  constructor(private readonly shared: Shared, heights: Grid, occluders: readonly BufferGeometry[]) {
    this.share = shared.tier === 'full' ? 2 : 4;
    this.depth = new WebGLRenderTarget(4, 4, { minFilter: NearestFilter, magFilter: NearestFilter });
    this.depth.depthTexture = new DepthTexture(4, 4);
    this.picture = new WebGLRenderTarget(4, 4, { depthBuffer: false, minFilter: LinearFilter, magFilter: LinearFilter });
    this.uniforms = {
      volume: { value: null as Data3DTexture | null },
      ramp: { value: rampTexture() },
      heights: { value: heightsTexture(heights, shared.pivot) },
      heightsAt: { value: heightsPlace(heights) },
      depth: { value: this.depth.depthTexture },
      unproject: { value: new Matrix4() },
      eye: { value: new Vector3() },
      boxMin: { value: new Vector3() },
      boxMax: { value: new Vector3() },
      volumeMin: { value: new Vector3() },
      volumeSize: { value: new Vector3(1, 1, 1) },
      target: { value: new Vector2(4, 4) },
      level: { value: new Vector2() },
      exaggeration: { value: new Vector2(1, 0) },
      top: { value: 1 },
      bottom: { value: 0 },
      follow: { value: 1 },
      opacity: { value: 1 },
    };
    this.heights = heights;
    this.box.setAttribute('position', new BufferAttribute(new Float32Array(24), 3));
    this.box.setIndex([0, 2, 1, 1, 2, 3, 4, 5, 6, 5, 7, 6, 0, 1, 4, 1, 5, 4, 2, 6, 3, 3, 6, 7, 0, 4, 2, 2, 4, 6, 1, 3, 5, 3, 7, 5]);
    this.marcher = this.boxMesh(PLUME_VERTEX, PLUME_FRAGMENT, { ...this.uniforms }, { blending: NoBlending });
    this.object = this.boxMesh(VEIL_VERTEX, VEIL_FRAGMENT, { picture: { value: this.picture.texture }, target: this.uniforms.target }, {
      transparent: true, blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor,
    });
    this.object.renderOrder = 30;
    this.object.visible = false;
    this.depthMaterial = createMaterial(shared, { vertex: DEPTH_VERTEX, fragment: DEPTH_FRAGMENT, options: { colorWrite: false } });
    for (const geometry of [coarseGround(heights), ...occluders]) {
      const mesh = new Mesh(geometry, this.depthMaterial);
      mesh.matrixAutoUpdate = false;
      this.occluderGroup.add(mesh);
    }
    this.occluders.add(this.occluderGroup);
    this.marching.add(this.marcher);
    for (const scene of [this.occluders, this.marching]) scene.matrixWorldAutoUpdate = false;
  }

  private readonly heights: Grid;

  get time_ms(): number | null {
    return this.volume?.time_ms ?? null;
  }

  setVolume(volume: Volume | null): void {
    this.volume = volume;
    this.filled = volume ? filledCells(volume, leastShown(volume)) : null;
    this.object.visible = this.shown && this.filled !== null;
    if (!volume || !this.filled) return;
    this.upload(volume);
    this.fit(volume, this.filled);
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible && opacity > 0.01;
    this.uniforms.opacity.value = opacity;
    this.object.visible = this.shown && this.filled !== null;
  }

  resize(width: number, height: number): void {
    const [w, h] = [Math.max(4, Math.ceil(width / this.share)), Math.max(4, Math.ceil(height / this.share))];
    this.depth.setSize(w, h);
    this.picture.setSize(w, h);
    this.uniforms.target.value.set(w, h);
  }

  /** Marches into the small picture; call before the scene is drawn. */
  prepare(renderer: WebGLRenderer, camera: PerspectiveCamera, world: Matrix4): void {
    if (!this.object.visible) return;
    const u = this.uniforms;
    u.eye.value.set(camera.position.x, camera.position.y, trueHeight(this.shared, camera.position.z));
    u.unproject.value.copy(camera.matrixWorld).multiply(camera.projectionMatrixInverse);
    u.exaggeration.value.set(this.shared.exaggeration.value, this.shared.pivot);
    for (const object of [...this.occluderGroup.children, this.marcher]) object.matrixWorld.copy(world);
    renderer.setRenderTarget(this.depth);
    renderer.clear();
    renderer.render(this.occluders, camera);
    renderer.setRenderTarget(this.picture);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(this.marching, camera);
    renderer.setRenderTarget(null);
  }

  dispose(): void {
    (this.occluderGroup.children[0] as Mesh).geometry.dispose();
    for (const thing of [this.box, this.marcher.material, this.object.material, this.depthMaterial, this.picture, this.depth, this.texture, this.uniforms.ramp.value, this.uniforms.heights.value]) {
      thing?.dispose();
    }
  }

  private upload(volume: Volume): void {
    this.texture = volumeTexture(volume, this.texture);
    this.uniforms.volume.value = this.texture;
  }

  /** Sets the box to the filled cells, one cell wider, over the ground that lies below them. */
  private fit(volume: Volume, filled: CellBox): void {
    const u = this.uniforms;
    const edge = (axis: 0 | 1, cell: number): number => volume.corner[axis] + cell * volume.step[axis];
    const [x0, x1] = [edge(0, Math.max(0, filled.lo[0] - 1)), edge(0, Math.min(volume.nx, filled.hi[0] + 1))];
    const [y0, y1] = [edge(1, Math.max(0, filled.lo[1] - 1)), edge(1, Math.min(volume.ny, filled.hi[1] + 1))];
    const top = Math.min(volume.nz, filled.hi[2] + 1) * volume.step[2];
    const [low, high] = volume.aboveGround ? groundRange(this.heights, x0, y0, x1, y1) : [volume.corner[2], volume.corner[2]];
    u.boxMin.value.set(x0, y0, low - 2);
    u.boxMax.value.set(x1, y1, high + top);
    u.top.value = top;
    u.follow.value = volume.aboveGround ? 1 : 0;
    u.volumeMin.value.set(volume.corner[0], volume.corner[1], volume.corner[2]);
    u.volumeSize.value.set(volume.nx * volume.step[0], volume.ny * volume.step[1], volume.nz * volume.step[2]);
    const [a, b] = levelOfCode(volume);
    u.level.value.set(a, b);
    const position = this.box.getAttribute('position') as BufferAttribute;
    for (let i = 0; i < 8; i++) position.setXYZ(i, i & 1 ? x1 : x0, i & 2 ? y1 : y0, i & 4 ? high + top : low - 2);
    position.needsUpdate = true;
  }

  private boxMesh(vertex: string, fragment: string, uniforms: Record<string, { value: unknown }>, options: object): Mesh<BufferGeometry, RawShaderMaterial> {
    const material = createMaterial(this.shared, {
      vertex, fragment, uniforms, cuttable: false, defines: { STEPS: this.shared.tier === 'full' ? 72 : 30 },
      options: { side: BackSide, depthTest: false, depthWrite: false, ...options },
    });
    const mesh = new Mesh(this.box, material);
    mesh.frustumCulled = false;
    mesh.matrixAutoUpdate = false;
    return mesh;
  }
}

/** A volume as a texture; the one it had before is used again where the size fits. */
export function volumeTexture(volume: Volume, before: Data3DTexture | null): Data3DTexture {
  const old = before?.image as { width: number; height: number; depth: number } | undefined;
  let texture = before;
  if (texture && old?.width === volume.nx && old.height === volume.ny && old.depth === volume.nz) {
    texture.image.data = volume.codes;
  } else {
    before?.dispose();
    texture = new Data3DTexture(volume.codes, volume.nx, volume.ny, volume.nz);
    texture.format = RedFormat;
    texture.minFilter = texture.magFilter = LinearFilter;
    texture.unpackAlignment = 1;
  }
  texture.needsUpdate = true;
  return texture;
}

/** Level on a logarithmic scale, the air's unless told otherwise, as a linear function of a volume's code: [offset, factor]. */
export function levelOfCode(
  volume: Pick<Volume, 'vMin_kg_m3' | 'vMax_kg_m3'>, [low, high]: readonly [number, number] = RAMP_RANGE_KG_M3,
): [number, number] {
  const span = Math.log(high / low);
  const factor = Math.log(volume.vMax_kg_m3 / volume.vMin_kg_m3) / 254 / span;
  return [Math.log(volume.vMin_kg_m3 / low) / span - factor, factor];
}

/** Smallest code that lies on the ramp: what is below it is not drawn. */
export function leastShown(volume: Volume, range: readonly [number, number] = RAMP_RANGE_KG_M3): number {
  const [offset, factor] = levelOfCode(volume, range);
  return Math.max(1, Math.ceil(-offset / factor));
}

export function groundRange(grid: Grid, x0: number, y0: number, x1: number, y1: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  const pieces = 40;
  for (let j = 0; j <= pieces; j++) {
    for (let i = 0; i <= pieces; i++) {
      const z = sampleGrid(grid, 0, x0 + ((x1 - x0) * i) / pieces, y0 + ((y1 - y0) * j) / pieces);
      if (z < low) low = z;
      if (z > high) high = z;
    }
  }
  return Number.isFinite(low) ? [low, high + 4] : [0, 0];
}

/** The ground as the marching shader knows it: the height grid as a mesh, thinned to at most 80 x 80. */
function coarseGround(grid: Grid): BufferGeometry {
  const every = Math.max(1, Math.ceil(Math.max(grid.nx, grid.ny) / 80));
  const columns = thinned(grid.nx, every);
  const rows = thinned(grid.ny, every);
  const positions = new Float32Array(columns.length * rows.length * 3);
  const indices: number[] = [];
  rows.forEach((j, r) => {
    columns.forEach((i, c) => {
      const at = r * columns.length + c;
      const z = grid.bands[0]?.[j * grid.nx + i] ?? 0;
      positions.set([grid.x0 + i * grid.dx, grid.y0 + j * grid.dy, Number.isFinite(z) ? z : 0], at * 3);
      if (r === 0 || c === 0) return;
      const [sw, se, nw] = [at - columns.length - 1, at - columns.length, at - 1];
      indices.push(sw, se, at, sw, at, nw);
    });
  });
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(reuseOrder(new Uint32Array(indices), positions.length / 3), 1));
  return geometry;
}

function thinned(count: number, every: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < count - 1; i += every) out.push(i);
  out.push(count - 1);
  return out;
}

/** A ramp as a texture, one row; the air's unless told otherwise. */
export function rampTexture(ramp: readonly string[] = RAMP): DataTexture {
  const size = 32 * (ramp.length - 1) + 1;
  const data = new Uint8Array(size * 4);
  for (let i = 0; i < size; i++) {
    const colour = rampColour(i / (size - 1), ramp);
    data.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], i * 4);
  }
  const texture = new DataTexture(data, size, 1);
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

/** Heights in half floats, which every WebGL 2 filters; less the pivot, so that they keep decimetres. */
export function heightsTexture(grid: Grid, pivot: number): DataTexture {
  const band = grid.bands[0] ?? new Float32Array(0);
  const data = new Uint16Array(band.length);
  for (let i = 0; i < band.length; i++) data[i] = DataUtils.toHalfFloat((band[i] ?? 0) - pivot);
  const texture = new DataTexture(data, grid.nx, grid.ny, RedFormat, HalfFloatType);
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.wrapS = texture.wrapT = ClampToEdgeWrapping;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}

/** uv = (place - xy) * zw: nodes lie at texel centres. */
export function heightsPlace(grid: Grid): Vector4 {
  return new Vector4(grid.x0 - grid.dx / 2, grid.y0 - grid.dy / 2, 1 / (grid.nx * grid.dx), 1 / (grid.ny * grid.dy));
}

import {
  BackSide, BufferAttribute, BufferGeometry, CustomBlending, LinearFilter, Matrix4, Mesh, NoBlending, OneFactor, OneMinusSrcAlphaFactor, Scene,
  Vector2, Vector3, WebGLRenderTarget, type Data3DTexture, type PerspectiveCamera, type RawShaderMaterial, type WebGLRenderer,
} from 'three';
import { WATER_RAMP, type WaterScale } from '../contract';
import type { Grid } from '../formats/grid';
import { filledCells, type CellBox, type Volume } from '../formats/volume';
import { createMaterial, trueHeight, type Shared } from '../scene/shared';
import { PLUME_VERTEX, VEIL_FRAGMENT, VEIL_VERTEX } from '../shaders/plume';
import { WATERPLUME_FRAGMENT } from '../shaders/waterplume';
import type { Layer } from './layer';
import { groundRange, heightsPlace, heightsTexture, leastShown, levelOfCode, rampTexture, volumeTexture } from './plume';

const FACES = [0, 2, 1, 1, 2, 3, 4, 5, 6, 5, 7, 6, 0, 1, 4, 1, 5, 4, 2, 6, 3, 3, 6, 7, 0, 4, 2, 2, 4, 6, 1, 3, 5, 3, 7, 5];

/** What is dissolved in the groundwater, as a body in the ground; seen while one can look into the ground. */
export class WaterPlumeLayer implements Layer {
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly marcher: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly box = new BufferGeometry();
  private readonly marching = new Scene();
  private readonly picture: WebGLRenderTarget;
  private texture: Data3DTexture | null = null;
  private filled: CellBox | null = null;
  private shown = true;
  private open = false;
  private readonly uniforms;
  private readonly share: number;

  constructor(private readonly shared: Shared, private readonly heights: Grid) {
    this.share = shared.tier === 'full' ? 2 : 4;
    this.picture = new WebGLRenderTarget(4, 4, { depthBuffer: false, minFilter: LinearFilter, magFilter: LinearFilter });
    this.uniforms = {
      volume: { value: null as Data3DTexture | null }, ramp: { value: rampTexture(WATER_RAMP) },
      heights: { value: heightsTexture(heights, shared.pivot) }, heightsAt: { value: heightsPlace(heights) },
      eye: { value: new Vector3() }, boxMin: { value: new Vector3() }, boxMax: { value: new Vector3() },
      volumeMin: { value: new Vector3() }, volumeSize: { value: new Vector3(1, 1, 1) }, target: { value: new Vector2(4, 4) },
      level: { value: new Vector2() }, exaggeration: { value: new Vector2(1, 0) }, depths: { value: new Vector2(-1, 0) }, opacity: { value: 1 },
    };
    this.box.setAttribute('position', new BufferAttribute(new Float32Array(24), 3));
    this.box.setIndex(FACES);
    this.marcher = this.mesh(PLUME_VERTEX, WATERPLUME_FRAGMENT, { ...this.uniforms }, { blending: NoBlending, depthTest: false });
    this.object = this.mesh(VEIL_VERTEX, VEIL_FRAGMENT, { picture: { value: this.picture.texture }, target: this.uniforms.target }, {
      transparent: true, blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor,
    });
    // Over the water table, under the ground that is seen through.
    this.object.renderOrder = -9;
    this.object.visible = false;
    this.marching.add(this.marcher);
    this.marching.matrixWorldAutoUpdate = false;
  }

  setVolume(volume: Volume | null, scale: WaterScale): void {
    const range = [scale.low, scale.high] as const;
    this.filled = volume ? filledCells(volume, leastShown(volume, range)) : null;
    if (volume && this.filled) {
      this.texture = volumeTexture(volume, this.texture);
      this.uniforms.volume.value = this.texture;
      this.uniforms.level.value.set(...levelOfCode(volume, range));
      this.fit(volume, this.filled);
    }
    this.refresh();
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible && opacity > 0.01;
    this.uniforms.opacity.value = opacity;
    this.refresh();
  }

  /** Whether one can see into the ground. */
  setOpen(open: boolean): void {
    this.open = open;
    this.refresh();
  }

  resize(width: number, height: number): void {
    const [w, h] = [Math.max(4, Math.ceil(width / this.share)), Math.max(4, Math.ceil(height / this.share))];
    this.picture.setSize(w, h);
    this.uniforms.target.value.set(w, h);
  }

  /** Marches into the small picture; call before the scene is drawn. */
  prepare(renderer: WebGLRenderer, camera: PerspectiveCamera, world: Matrix4): void {
    if (!this.object.visible) return;
    const u = this.uniforms;
    u.eye.value.set(camera.position.x, camera.position.y, trueHeight(this.shared, camera.position.z));
    u.exaggeration.value.set(this.shared.exaggeration.value, this.shared.pivot);
    this.marcher.matrixWorld.copy(world);
    renderer.setRenderTarget(this.picture);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(this.marching, camera);
    renderer.setRenderTarget(null);
  }

  dispose(): void {
    for (const thing of [this.box, this.marcher.material, this.object.material, this.picture, this.texture, this.uniforms.ramp.value, this.uniforms.heights.value]) thing?.dispose();
  }

  private refresh(): void {
    this.object.visible = this.shown && this.open && this.filled !== null;
  }

  /** The box round the filled cells, one cell wider, below the ground over them. */
  private fit(volume: Volume, filled: CellBox): void {
    const u = this.uniforms;
    const edge = (axis: 0 | 1 | 2, cell: number): number => volume.corner[axis] + cell * volume.step[axis];
    const low = ([0, 1, 2] as const).map((axis) => edge(axis, filled.lo[axis] - 1));
    const high = ([0, 1, 2] as const).map((axis) => edge(axis, filled.hi[axis] + 1));
    const [x0 = 0, y0 = 0, bottom = 0] = low;
    const [x1 = 0, y1 = 0, top = 0] = high;
    const [lowest, highest] = groundRange(this.heights, x0, y0, x1, y1);
    u.boxMin.value.set(x0, y0, lowest + bottom);
    u.boxMax.value.set(x1, y1, highest + Math.min(top, 0));
    u.depths.value.set(bottom, Math.min(top, 0));
    u.volumeMin.value.set(...volume.corner);
    u.volumeSize.value.set(volume.nx * volume.step[0], volume.ny * volume.step[1], volume.nz * volume.step[2]);
    const position = this.box.getAttribute('position') as BufferAttribute;
    const { boxMin, boxMax } = u;
    for (let i = 0; i < 8; i++) position.setXYZ(i, i & 1 ? x1 : x0, i & 2 ? y1 : y0, i & 4 ? boxMax.value.z : boxMin.value.z);
    position.needsUpdate = true;
  }

  private mesh(vertex: string, fragment: string, uniforms: Record<string, { value: unknown }>, options: object): Mesh<BufferGeometry, RawShaderMaterial> {
    const mesh = new Mesh(this.box, createMaterial(this.shared, {
      vertex, fragment, uniforms, cuttable: false, defines: { STEPS: this.shared.tier === 'full' ? 80 : 40 },
      options: { side: BackSide, depthWrite: false, ...options },
    }));
    mesh.frustumCulled = false;
    mesh.matrixAutoUpdate = false;
    return mesh;
  }
}

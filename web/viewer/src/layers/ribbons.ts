import {
  BufferAttribute, CustomBlending, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry,
  InstancedInterleavedBuffer, InterleavedBufferAttribute, Mesh, OneFactor,
  OneMinusSrcAlphaFactor, type RawShaderMaterial,
} from 'three';
import { createMaterial, type Shared } from '../scene/shared';
import { RIBBON_FRAGMENT, RIBBON_VERTEX } from '../shaders/ribbon';

export const Mode = { plain: 0, glow: 1, tube: 2, hair: 3 } as const;
export type RibbonMode = (typeof Mode)[keyof typeof Mode];

/** Colour 0xrrggbb with its opacity. */
export interface Ink { readonly colour: number; readonly alpha: number }
export interface Stroke {
  /** Width in metres and the least width in pixels. */
  readonly width: number;
  readonly least: number;
  readonly mode: RibbonMode;
  /** Length of dash and gap together, metres; 0 = unbroken. */
  readonly dash?: number;
}
export interface RibbonOptions {
  readonly order?: number;
  readonly depthTest?: boolean;
  readonly cuttable?: boolean;
  /** Factor that draws the ribbon nearer to the eye, so that draped lines stay above the ground. */
  readonly pull?: number;
}

type P = readonly [number, number, number];

/** Many line segments in one draw call. */
export class RibbonBatch {
  readonly mesh: Mesh<InstancedBufferGeometry, RawShaderMaterial>;
  private count = 0;
  private ends: Float32Array<ArrayBuffer>;
  private inks: Uint8Array<ArrayBuffer>;
  private shapes: Float32Array<ArrayBuffer>;
  private readonly opacity = { value: 1 };

  constructor(shared: Shared, capacity: number, options: RibbonOptions = {}) {
    this.ends = new Float32Array(capacity * 6);
    this.inks = new Uint8Array(capacity * 8);
    this.shapes = new Float32Array(capacity * 4);
    const material = createMaterial(shared, {
      vertex: RIBBON_VERTEX,
      fragment: RIBBON_FRAGMENT,
      uniforms: { opacity: this.opacity, pull: { value: options.pull ?? 1 } },
      cuttable: options.cuttable ?? true,
      options: {
        transparent: true, depthWrite: false, depthTest: options.depthTest ?? true,
        blending: CustomBlending, blendSrc: OneFactor, blendDst: OneMinusSrcAlphaFactor,
      },
    });
    this.mesh = new Mesh(this.geometry(), material);
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = options.order ?? 10;
  }

  clear(): this {
    this.count = 0;
    return this;
  }

  line(from: P, to: P, stroke: Stroke, ink: Ink, inkEnd: Ink = ink): this {
    if (this.count * 6 >= this.ends.length) this.grow();
    const i = this.count++;
    this.ends.set(from, i * 6);
    this.ends.set(to, i * 6 + 3);
    writeInk(this.inks, i * 8, ink);
    writeInk(this.inks, i * 8 + 4, inkEnd);
    this.shapes[i * 4] = stroke.width;
    this.shapes[i * 4 + 1] = stroke.least;
    this.shapes[i * 4 + 2] = stroke.mode;
    this.shapes[i * 4 + 3] = stroke.dash ?? 0;
    return this;
  }

  path(points: readonly P[], stroke: Stroke, ink: Ink, closed = false): this {
    const last = points.length - (closed ? 0 : 1);
    for (let i = 0; i < last; i++) {
      const [from, to] = [points[i], points[(i + 1) % points.length]];
      if (from && to) this.line(from, to, stroke, ink);
    }
    return this;
  }

  /** Sends what was drawn since `clear` to the GPU. */
  commit(): void {
    const geometry = this.mesh.geometry;
    geometry.instanceCount = this.count;
    for (const name of ['a', 'colourA', 'shape']) {
      const attribute = geometry.getAttribute(name);
      const buffer = 'data' in attribute ? attribute.data : attribute;
      buffer.needsUpdate = true;
    }
    this.mesh.visible = this.count > 0;
  }

  setOpacity(value: number): void {
    this.opacity.value = value;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }

  private grow(): void {
    const larger = <T extends Float32Array | Uint8Array>(make: (n: number) => T, old: T): T => {
      const next = make(Math.max(64, old.length * 2));
      next.set(old);
      return next;
    };
    const capacity = Math.max(16, this.ends.length / 6);
    this.ends = larger(() => new Float32Array(capacity * 12), this.ends);
    this.inks = larger(() => new Uint8Array(capacity * 16), this.inks);
    this.shapes = larger(() => new Float32Array(capacity * 8), this.shapes);
    this.mesh.geometry.dispose();
    this.mesh.geometry = this.geometry();
  }

  private geometry(): InstancedBufferGeometry {
    const geometry = new InstancedBufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array([0, -1, 0, 1, -1, 0, 1, 1, 0, 0, 1, 0]), 3));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    const ends = new InstancedInterleavedBuffer(this.ends, 6).setUsage(DynamicDrawUsage);
    geometry.setAttribute('a', new InterleavedBufferAttribute(ends, 3, 0));
    geometry.setAttribute('b', new InterleavedBufferAttribute(ends, 3, 3));
    const inks = new InstancedInterleavedBuffer(this.inks, 8).setUsage(DynamicDrawUsage);
    geometry.setAttribute('colourA', new InterleavedBufferAttribute(inks, 4, 0, true));
    geometry.setAttribute('colourB', new InterleavedBufferAttribute(inks, 4, 4, true));
    geometry.setAttribute('shape', new InstancedBufferAttribute(this.shapes, 4).setUsage(DynamicDrawUsage));
    geometry.instanceCount = this.count;
    return geometry;
  }
}

function writeInk(target: Uint8Array, at: number, ink: Ink): void {
  target[at] = ink.colour >> 16;
  target[at + 1] = (ink.colour >> 8) & 255;
  target[at + 2] = ink.colour & 255;
  target[at + 3] = Math.round(Math.min(Math.max(ink.alpha, 0), 1) * 255);
}

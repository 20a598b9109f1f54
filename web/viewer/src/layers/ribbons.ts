import {
  BufferAttribute, BufferGeometry, CustomBlending, DynamicDrawUsage, InterleavedBuffer,
  InterleavedBufferAttribute, Mesh, OneFactor, OneMinusSrcAlphaFactor,
  type RawShaderMaterial,
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

/** Corners of a segment's quad: share of its length and side. */
const CORNERS = [0, -1, 1, -1, 1, 1, 0, 1] as const;
const QUAD = [0, 1, 2, 0, 2, 3] as const;

/**
 * Many line segments in one draw call. Each has four vertices of its own: software rendering pays
 * for every instance of an instanced draw as for a draw call.
 */
export class RibbonBatch {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  private count = 0;
  private capacity: number;
  private readonly opacity = { value: 1 };
  private ends = new Float32Array(0);
  private inks = new Uint8Array(0);
  private shapes = new Float32Array(0);

  constructor(shared: Shared, capacity: number, options: RibbonOptions = {}) {
    this.capacity = Math.max(1, capacity);
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
    this.mesh.visible = false;
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    this.mesh.renderOrder = options.order ?? 10;
  }

  clear(): this {
    this.count = 0;
    return this;
  }

  line(from: P, to: P, stroke: Stroke, ink: Ink, inkEnd: Ink = ink): this {
    if (this.count >= this.capacity) this.grow();
    const first = this.count++ * 4;
    for (let v = first; v < first + 4; v++) {
      this.ends.set(from, v * 6);
      this.ends.set(to, v * 6 + 3);
      writeInk(this.inks, v * 8, ink);
      writeInk(this.inks, v * 8 + 4, inkEnd);
      this.shapes[v * 4] = stroke.width;
      this.shapes[v * 4 + 1] = stroke.least;
      this.shapes[v * 4 + 2] = stroke.mode;
      this.shapes[v * 4 + 3] = stroke.dash ?? 0;
    }
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
    geometry.setDrawRange(0, this.count * 6);
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
    const old = [this.ends, this.inks, this.shapes] as const;
    this.capacity *= 2;
    this.mesh.geometry.dispose();
    this.mesh.geometry = this.geometry();
    this.ends.set(old[0]);
    this.inks.set(old[1]);
    this.shapes.set(old[2]);
  }

  private geometry(): BufferGeometry {
    const vertices = this.capacity * 4;
    const corners = new Float32Array(vertices * 3);
    const indices = new Uint32Array(this.capacity * 6);
    for (let i = 0; i < this.capacity; i++) {
      for (let k = 0; k < 4; k++) corners.set([CORNERS[2 * k] ?? 0, CORNERS[2 * k + 1] ?? 0, 0], (i * 4 + k) * 3);
      for (let k = 0; k < 6; k++) indices[i * 6 + k] = i * 4 + (QUAD[k] ?? 0);
    }
    this.ends = new Float32Array(vertices * 6);
    this.inks = new Uint8Array(vertices * 8);
    this.shapes = new Float32Array(vertices * 4);
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(corners, 3));
    geometry.setIndex(new BufferAttribute(indices, 1));
    const ends = new InterleavedBuffer(this.ends, 6).setUsage(DynamicDrawUsage);
    geometry.setAttribute('a', new InterleavedBufferAttribute(ends, 3, 0));
    geometry.setAttribute('b', new InterleavedBufferAttribute(ends, 3, 3));
    const inks = new InterleavedBuffer(this.inks, 8).setUsage(DynamicDrawUsage);
    geometry.setAttribute('colourA', new InterleavedBufferAttribute(inks, 4, 0, true));
    geometry.setAttribute('colourB', new InterleavedBufferAttribute(inks, 4, 4, true));
    geometry.setAttribute('shape', new BufferAttribute(this.shapes, 4).setUsage(DynamicDrawUsage));
    return geometry;
  }
}

function writeInk(target: Uint8Array, at: number, ink: Ink): void {
  target[at] = ink.colour >> 16;
  target[at + 1] = (ink.colour >> 8) & 255;
  target[at + 2] = ink.colour & 255;
  target[at + 3] = Math.round(Math.min(Math.max(ink.alpha, 0), 1) * 255);
}

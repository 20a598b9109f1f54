import { GLSL3, RawShaderMaterial, Vector2, Vector4, type IUniform, type ShaderMaterialParameters } from 'three';
import type { Tier } from '../contract';
import { FRAGMENT_HEAD, VERTEX_HEAD } from '../shaders/common';

/** What every material of the world knows: the cut, the viewport, the height factor. */
export interface Shared {
  readonly tier: Tier;
  /** Drawing buffer in pixels. */
  readonly viewport: IUniform<Vector2>;
  /** Distance at which haze begins, metres, and its rate per metre. */
  readonly air: IUniform<Vector2>;
  /** nx, ny, c: places with nx x + ny y + c > 0 are taken away while a cut is on. */
  readonly cut: IUniform<Vector4>;
  /** Factor on heights above `pivot`. */
  readonly exaggeration: IUniform<number>;
  /** Height that exaggeration leaves in place, local metres. */
  pivot: number;
  readonly materials: Set<RawShaderMaterial>;
}

export function createShared(tier: Tier): Shared {
  return {
    tier,
    viewport: { value: new Vector2(1, 1) },
    air: { value: new Vector2(1500, 0.000085) },
    cut: { value: new Vector4(0, 0, -1, 0) },
    exaggeration: { value: 1 },
    pivot: 0,
    materials: new Set(),
  };
}

export interface ShaderSource {
  readonly vertex: string;
  readonly fragment: string;
  readonly uniforms?: Record<string, IUniform>;
  readonly defines?: Record<string, number | string>;
  /** False for what a cut does not touch: the cut face itself, the backdrop, overlays. */
  readonly cuttable?: boolean;
  readonly options?: ShaderMaterialParameters;
}

/** A GLSL ES 3.0 material working straight in display colours: no tone mapping, no conversion. */
export function createMaterial(shared: Shared, source: ShaderSource): RawShaderMaterial {
  const defines: Record<string, number | string> = { ...source.defines };
  if (shared.tier === 'full') defines.FULL = 1;
  const material = new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: VERTEX_HEAD + source.vertex,
    fragmentShader: FRAGMENT_HEAD + source.fragment,
    uniforms: { viewport: shared.viewport, air: shared.air, cut: shared.cut, ...source.uniforms },
    defines,
    ...source.options,
  });
  if (source.cuttable !== false) {
    shared.materials.add(material);
    if (shared.cut.value.w > 0) material.defines.CUT = 1;
  }
  return material;
}

/** Switches the discarding code on or off; programs are kept, so the second time is cheap. */
export function setCutting(shared: Shared, on: boolean): void {
  if (shared.cut.value.w > 0 === on) return;
  shared.cut.value.w = on ? 1 : 0;
  for (const material of shared.materials) {
    if (on) material.defines.CUT = 1;
    else delete material.defines.CUT;
    material.needsUpdate = true;
  }
}

/** Diagonal of a park whose far side is just veiled, metres. */
const USUAL_DIAGONAL_M = 6700;

/** Haze shows depth; over a larger park it begins farther off and is thinner, or its far side would be night. */
export function setAir(shared: Shared, extent: readonly [number, number, number, number]): void {
  const larger = Math.max(1, Math.hypot(extent[2] - extent[0], extent[3] - extent[1]) / USUAL_DIAGONAL_M);
  shared.air.value.set(1500 * larger, 0.000085 / larger ** 1.5);
}

/** Height as drawn of a true height, and back. */
export function shownHeight(shared: Shared, z: number): number {
  return shared.pivot + (z - shared.pivot) * shared.exaggeration.value;
}
export function trueHeight(shared: Shared, z: number): number {
  return shared.pivot + (z - shared.pivot) / shared.exaggeration.value;
}

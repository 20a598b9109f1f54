import { ClampToEdgeWrapping, DataTexture, LinearFilter, RedFormat, Vector3, Vector4, type IUniform, type RawShaderMaterial, type Texture } from 'three';
import type { MapSheet } from '../contract';
import { levelOfCode, rampTexture } from './plume';

const NOTHING = new DataTexture(new Uint8Array([0]), 1, 1, RedFormat);

/** A sheet of concentrations or chances painted on the ground by the terrain's own shader. */
export class GroundMap {
  readonly uniforms: Record<string, IUniform> = {
    sheet: { value: NOTHING }, ramp: { value: NOTHING }, box: { value: new Vector4(0, 0, 1, 1) }, scale: { value: new Vector3() },
  };
  private texture: Texture | null = null;
  private ramp: Texture | null = null;

  /** Lays a sheet on the ground of a material, or takes it away. */
  set(sheet: MapSheet | null, material: RawShaderMaterial): void {
    this.texture?.dispose();
    this.texture = sheet ? textureOf(sheet) : null;
    const mapped = sheet !== null;
    if (('MAPPED' in material.defines) !== mapped) {
      if (mapped) material.defines['MAPPED'] = 1;
      else delete material.defines['MAPPED'];
      material.needsUpdate = true;
    }
    if (!sheet) return;
    this.ramp ??= rampTexture();
    const [offset, factor] = scaleOf(sheet);
    this.uniforms['sheet']!.value = this.texture;
    this.uniforms['ramp']!.value = this.ramp;
    (this.uniforms['box']!.value as Vector4).set(sheet.corner[0], sheet.corner[1], sheet.nx * sheet.step[0], sheet.ny * sheet.step[1]);
    (this.uniforms['scale']!.value as Vector3).set(offset, factor, sheet.chance ? 1 : 0);
  }

  dispose(): void {
    this.texture?.dispose();
    this.ramp?.dispose();
  }
}

/** Level on the ramp as offset + factor * code: the shared ramp for gas, 1 % to 100 % for a chance. */
function scaleOf(sheet: MapSheet): [number, number] {
  return sheet.chance ? [-1 / 254, 1 / 254] : levelOfCode({ vMin_kg_m3: sheet.low, vMax_kg_m3: sheet.high });
}

function textureOf(sheet: MapSheet): DataTexture {
  const texture = new DataTexture(sheet.codes, sheet.nx, sheet.ny, RedFormat);
  texture.minFilter = texture.magFilter = LinearFilter;
  texture.wrapS = texture.wrapT = ClampToEdgeWrapping;
  texture.unpackAlignment = 1;
  texture.needsUpdate = true;
  return texture;
}

import {
  BufferAttribute, BufferGeometry, Color, DoubleSide, FrontSide, Group, Mesh, Vector3, Vector4, type Data3DTexture, type DataTexture, type RawShaderMaterial,
} from 'three';
import { WATER_RAMP, type SectionCut, type WaterScale } from '../contract';
import type { Extent, Tin } from '../formats/tin';
import type { Volume } from '../formats/volume';
import { createMaterial, type Shared } from '../scene/shared';
import { FACE_FRAGMENT, FACE_VERTEX } from '../shaders/strata';
import type { Layer } from './layer';
import { levelOfCode, rampTexture, volumeTexture } from './plume';
import { buildFace, patternOf, type FaceArrays, type StrataModel } from './strata_model';

type Point2 = readonly [number, number];

/** Side walls of the block and the movable cut face, painted by the layers of the ground. */
export class StrataLayer implements Layer {
  readonly object = new Group();
  private readonly walls: Mesh<BufferGeometry, RawShaderMaterial>[] = [];
  private readonly face: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly grain = { value: 4 };
  private readonly opacity = { value: 1 };
  private readonly dissolved = {
    dissolved: { value: null as Data3DTexture | null }, dissolvedRamp: { value: null as DataTexture | null },
    dissolvedMin: { value: new Vector3() }, dissolvedSize: { value: new Vector3(1, 1, 1) }, dissolvedLevel: { value: new Vector3() },
  };
  private chord: readonly [Point2, Point2] | null = null;
  private readonly rims: readonly (readonly Point2[])[];

  constructor(
    shared: Shared, readonly model: StrataModel, private readonly extent: Extent, tin: Tin,
    private readonly profile: (a: Point2, b: Point2) => readonly number[],
  ) {
    const paint = model.layers.map((layer) => {
      const colour = new Color(layer.colour).convertLinearToSRGB();
      return new Vector4(colour.r, colour.g, colour.b, patternOf(layer) + (layer.aquifer ? 8 : 0));
    });
    const make = (light: number, cuttable: boolean): RawShaderMaterial => createMaterial(shared, {
      vertex: FACE_VERTEX,
      fragment: FACE_FRAGMENT,
      defines: { LAYERS: Math.max(1, paint.length) },
      uniforms: {
        paint: { value: paint }, grain: this.grain, baseZ: { value: model.base }, light: { value: light }, opacity: this.opacity, ...this.dissolved,
      },
      cuttable,
      options: { side: cuttable ? FrontSide : DoubleSide },
    });
    this.rims = rims(tin, extent);
    [0.92, 0.68, 0.6, 0.84].forEach((light) => this.walls.push(this.add(make(light, true))));
    this.face = this.add(make(1.04, false));
    this.rebuild();
  }

  /** The ends of the cut face on the rim of the park, or null when there is no cut. */
  setSection(cut: SectionCut | null): void {
    this.chord = cut ? chordOf(cut, this.extent) : null;
    this.rebuildFace();
  }

  get section(): readonly [Point2, Point2] | null {
    return this.chord;
  }

  /** Draws anew after the water table changed. */
  rebuild(): void {
    this.walls.forEach((wall, i) => fill(wall.geometry, buildFace(this.model, this.rims[i] ?? [])));
    this.rebuildFace();
  }

  /** Paints what is dissolved in the groundwater on the faces, or takes it away. */
  setDissolved(volume: Volume | null, scale: WaterScale): void {
    const u = this.dissolved;
    if (volume) {
      u.dissolved.value = volumeTexture(volume, u.dissolved.value);
      u.dissolvedRamp.value ??= rampTexture(WATER_RAMP);
      u.dissolvedMin.value.set(...volume.corner);
      u.dissolvedSize.value.set(volume.nx * volume.step[0], volume.ny * volume.step[1], volume.nz * volume.step[2]);
      const limit = scale.limit === null ? -1 : Math.log(scale.limit / scale.low) / Math.log(scale.high / scale.low);
      const [offset, factor] = levelOfCode(volume, [scale.low, scale.high]);
      u.dissolvedLevel.value.set(offset, factor, limit);
    }
    for (const { material } of [...this.walls, this.face]) {
      if ('DISSOLVED' in material.defines === (volume !== null)) continue;
      if (volume) material.defines['DISSOLVED'] = 1;
      else delete material.defines['DISSOLVED'];
      material.needsUpdate = true;
    }
  }

  /** Size of the patterns, so that they keep their size on the screen. */
  setGrain(metresPerPixel: number): void {
    this.grain.value = 2 ** Math.min(7, Math.max(0, Math.round(Math.log2(Math.max(metresPerPixel, 0.01) * 4.5))));
  }

  setVisible(visible: boolean, opacity: number): void {
    this.object.visible = visible && opacity > 0.01;
    this.opacity.value = opacity;
    for (const mesh of [...this.walls, this.face]) {
      if (mesh.material.transparent === opacity < 1) continue;
      mesh.material.transparent = opacity < 1;
      mesh.material.needsUpdate = true;
    }
  }

  dispose(): void {
    for (const mesh of [...this.walls, this.face]) {
      mesh.geometry.dispose();
      mesh.material.dispose();
    }
    this.dissolved.dissolved.value?.dispose();
    this.dissolved.dissolvedRamp.value?.dispose();
  }

  private rebuildFace(): void {
    this.face.visible = this.chord !== null;
    if (!this.chord) return;
    const [a, b] = this.chord;
    const line = this.profile(a, b).map((t): Point2 => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
    fill(this.face.geometry, buildFace(this.model, line));
  }

  private add(material: RawShaderMaterial): Mesh<BufferGeometry, RawShaderMaterial> {
    const mesh = new Mesh(new BufferGeometry(), material);
    mesh.matrixAutoUpdate = false;
    mesh.frustumCulled = false;
    this.object.add(mesh);
    return mesh;
  }
}

/** The part of the line through a and b that lies over the park; null when it misses the park. */
export function chordOf(cut: SectionCut, extent: Extent): readonly [Point2, Point2] | null {
  const [dx, dy] = [cut.b[0] - cut.a[0], cut.b[1] - cut.a[1]];
  if (Math.hypot(dx, dy) < 1e-6) return null;
  let [from, to] = [-Infinity, Infinity];
  for (const [o, d, lo, hi] of [[cut.a[0], dx, extent[0], extent[2]], [cut.a[1], dy, extent[1], extent[3]]] as const) {
    if (Math.abs(d) < 1e-9) {
      if (o < lo || o > hi) return null;
      continue;
    }
    from = Math.max(from, Math.min((lo - o) / d, (hi - o) / d));
    to = Math.min(to, Math.max((lo - o) / d, (hi - o) / d));
  }
  if (!(to > from)) return null;
  const at = (t: number): Point2 => [cut.a[0] + dx * t, cut.a[1] + dy * t];
  return [at(from), at(to)];
}

/** Vertices of the mesh on each side of the park: south, east, north, west, counter-clockwise. */
function rims(tin: Tin, extent: Extent): Point2[][] {
  const [x0, y0, x1, y1] = extent;
  const near = (x1 - x0) * 2e-5;
  const sides: Point2[][] = [[], [], [], []];
  for (let i = 0; i < tin.positions.length; i += 3) {
    const p: Point2 = [tin.positions[i] ?? 0, tin.positions[i + 1] ?? 0];
    if (p[1] - y0 < near) sides[0]?.push(p);
    if (x1 - p[0] < near) sides[1]?.push(p);
    if (y1 - p[1] < near) sides[2]?.push(p);
    if (p[0] - x0 < near) sides[3]?.push(p);
  }
  sides[0]?.sort((p, q) => p[0] - q[0]);
  sides[1]?.sort((p, q) => p[1] - q[1]);
  sides[2]?.sort((p, q) => q[0] - p[0]);
  sides[3]?.sort((p, q) => q[1] - p[1]);
  return sides;
}

function fill(geometry: BufferGeometry, arrays: FaceArrays): void {
  geometry.dispose();
  geometry.setAttribute('position', new BufferAttribute(arrays.positions, 3));
  geometry.setAttribute('info', new BufferAttribute(arrays.info, 4));
  geometry.setAttribute('doubt', new BufferAttribute(arrays.doubt, 4));
  geometry.setIndex(new BufferAttribute(arrays.indices, 1));
}

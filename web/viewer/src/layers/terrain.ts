import {
  Box3, BufferAttribute, BufferGeometry, CanvasTexture, Group, LinearFilter, LinearMipmapLinearFilter, LinearMipmapNearestFilter, Mesh, NoColorSpace, Sphere,
  Texture, Vector2, Vector3, Vector4, type RawShaderMaterial,
} from 'three';
import type { MapSheet } from '../contract';
import type { SceneDoc } from '../formats/scene';
import type { Tin } from '../formats/tin';
import { reuseOrder, tiles } from '../scene/mesh_order';
import { createMaterial, type Shared } from '../scene/shared';
import { DEPTH_FRAGMENT, DEPTH_VERTEX, TERRAIN_FRAGMENT, TERRAIN_VERTEX } from '../shaders/terrain';
import { GroundMap } from './groundmap';
import type { Paper } from './drawing';
import type { Layer } from './layer';

/** The ground: error-bounded mesh, baked light, soft fills of areas and plots. */
export class TerrainLayer implements Layer {
  readonly object = new Group();
  private readonly surface: RawShaderMaterial;
  private readonly depth: RawShaderMaterial;
  private readonly depthMeshes = new Group();
  private readonly geometries: BufferGeometry[] = [];
  private readonly opacity = { value: 1 };
  private readonly fills = { value: new Vector2(1, 1) };
  private readonly textures: Texture[];
  private readonly map = new GroundMap();

  constructor(shared: Shared, doc: SceneDoc, tin: Tin, ground: ImageBitmap | null, private readonly paper: Paper) {
    const picture = groundTexture(shared, ground);
    const mask = new CanvasTexture(paintMask(doc, shared.tier === 'full' ? 1024 : 640));
    mask.colorSpace = NoColorSpace;
    mask.minFilter = LinearFilter;
    mask.generateMipmaps = false;
    this.textures = [picture, mask];
    this.surface = createMaterial(shared, {
      vertex: TERRAIN_VERTEX,
      fragment: TERRAIN_FRAGMENT,
      uniforms: {
        ground: { value: picture }, mask: { value: mask }, opacity: this.opacity, fills: this.fills,
        extent: { value: new Vector4(...doc.extent) },
        ...this.map.uniforms, ...this.paper.uniforms,
      },
    });
    this.depth = createMaterial(shared, {
      vertex: DEPTH_VERTEX, fragment: DEPTH_FRAGMENT, options: { transparent: true, colorWrite: false },
    });
    this.depthMeshes.visible = false;
    this.object.add(this.depthMeshes);
    this.addTiles(doc, tin);
  }

  /** One mesh per tile, all on the same vertices, so that tiles off the picture are not drawn. */
  private addTiles(doc: SceneDoc, tin: Tin): void {
    const [x0, y0, x1, y1] = doc.extent;
    const side = Math.max(x1 - x0, y1 - y0) / 6;
    const position = new BufferAttribute(tin.positions, 3);
    const vertices = tin.positions.length / 3;
    for (const tile of tiles(tin, doc.extent, Math.max(1, Math.round((x1 - x0) / side)), Math.max(1, Math.round((y1 - y0) / side)))) {
      const geometry = new BufferGeometry();
      geometry.setAttribute('position', position);
      geometry.setIndex(new BufferAttribute(reuseOrder(tile, vertices), 1));
      geometry.boundingSphere = sphereOf(tin.positions, tile);
      this.geometries.push(geometry);
      const [surface, depth] = [new Mesh(geometry, this.surface), new Mesh(geometry, this.depth)];
      surface.matrixAutoUpdate = depth.matrixAutoUpdate = false;
      surface.renderOrder = -1;
      depth.renderOrder = -2;
      this.object.add(surface);
      this.depthMeshes.add(depth);
    }
  }

  /** A see-through ground first lays down its depth, so that hills do not shine through hills. */
  setVisible(visible: boolean, opacity: number): void {
    const material = this.surface;
    const seeThrough = opacity < 0.995;
    this.object.visible = visible && opacity > 0.01;
    this.opacity.value = opacity;
    this.depthMeshes.visible = seeThrough;
    if (material.transparent !== seeThrough) {
      material.transparent = seeThrough;
      material.needsUpdate = true;
    }
  }

  setFills(areas: number, plots: number): void {
    this.fills.value.set(areas, plots);
  }

  setMap(sheet: MapSheet | null): void {
    this.map.set(sheet, this.surface);
  }

  /** Takes up or leaves out the drawing after it has changed. */
  setDrawn(drawn: boolean): void {
    const { surface } = this;
    if ('DRAWN' in surface.defines === drawn) return;
    if (drawn) surface.defines['DRAWN'] = 1;
    else delete surface.defines['DRAWN'];
    surface.needsUpdate = true;
  }

  dispose(): void {
    this.map.dispose();
    for (const geometry of this.geometries) geometry.dispose();
    this.surface.dispose();
    this.depth.dispose();
    for (const texture of this.textures) texture.dispose();
  }
}

function sphereOf(positions: Float32Array, tile: Uint32Array): Sphere {
  const box = new Box3();
  const p = new Vector3();
  for (const v of tile) box.expandByPoint(p.fromArray(positions, v * 3));
  return box.getBoundingSphere(new Sphere());
}

function groundTexture(shared: Shared, image: ImageBitmap | null): Texture {
  const texture = new Texture(image ?? plainGround());
  texture.colorSpace = NoColorSpace;
  texture.flipY = false;
  texture.minFilter = shared.tier === 'full' ? LinearMipmapLinearFilter : LinearMipmapNearestFilter; // half the cost in software
  texture.magFilter = LinearFilter;
  texture.anisotropy = shared.tier === 'full' ? 8 : 1;
  texture.needsUpdate = true;
  return texture;
}

function plainGround(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 4;
  const pen = canvas.getContext('2d');
  if (pen) {
    pen.fillStyle = '#4d6350';
    pen.fillRect(0, 0, 4, 4);
  }
  return canvas;
}

/** Red: how near the park and its beams are; green: fill of areas with a brighter rim; blue: fill of plots. */
function paintMask(doc: SceneDoc, size: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const pen = canvas.getContext('2d');
  if (!pen) return canvas;
  const [x0, y0, x1, y1] = doc.extent;
  const metre = size / Math.max(x1 - x0, y1 - y0);
  const trace = (ring: readonly (readonly [number, number])[]): void => {
    pen.beginPath();
    for (const [x, y] of ring) pen.lineTo(((x - x0) / (x1 - x0)) * size, ((y1 - y) / (y1 - y0)) * size);
    pen.closePath();
  };
  pen.fillStyle = doc.areas.length > 0 ? '#000' : '#b00';
  pen.fillRect(0, 0, size, size);
  pen.globalCompositeOperation = 'lighter';
  pen.filter = `blur(${Math.max(2, 110 * metre)}px)`;
  pen.fillStyle = pen.strokeStyle = '#f00';
  pen.lineWidth = 200 * metre;
  for (const area of doc.areas) {
    trace(area.ring);
    pen.fill();
    pen.stroke();
  }
  for (const beam of doc.beams) {
    pen.beginPath();
    for (const end of [beam.a, beam.b]) pen.lineTo(((end[0] - x0) / (x1 - x0)) * size, ((y1 - end[1]) / (y1 - y0)) * size);
    pen.stroke();
  }
  for (const area of doc.areas) {
    pen.save();
    pen.filter = 'none';
    trace(area.ring);
    pen.clip();
    pen.fillStyle = '#001600';
    pen.fill();
    pen.filter = `blur(${Math.max(1, 16 * metre)}px)`;
    pen.strokeStyle = '#009a00';
    pen.lineWidth = 26 * metre;
    pen.stroke();
    pen.restore();
  }
  pen.filter = 'none';
  doc.plots.forEach((plot, i) => {
    pen.fillStyle = i % 2 === 0 ? '#00003c' : '#000026';
    trace(plot.ring);
    pen.fill();
  });
  return canvas;
}

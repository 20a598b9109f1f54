import {
  BufferAttribute, BufferGeometry, CanvasTexture, Group, LinearFilter, LinearMipmapLinearFilter, Mesh, NoColorSpace, Texture,
  Vector2, Vector4, type RawShaderMaterial,
} from 'three';
import type { SceneDoc } from '../formats/scene';
import type { Tin } from '../formats/tin';
import { createMaterial, type Shared } from '../scene/shared';
import { DEPTH_FRAGMENT, DEPTH_VERTEX, TERRAIN_FRAGMENT, TERRAIN_VERTEX } from '../shaders/terrain';
import type { Layer } from './layer';

/** The ground: error-bounded mesh, baked light, soft fills of areas and plots. */
export class TerrainLayer implements Layer {
  readonly object = new Group();
  readonly geometry: BufferGeometry;
  private readonly surface: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly depth: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly opacity = { value: 1 };
  private readonly fills = { value: new Vector2(1, 1) };
  private readonly textures: Texture[];

  constructor(shared: Shared, doc: SceneDoc, tin: Tin, ground: ImageBitmap | null) {
    this.geometry = new BufferGeometry();
    this.geometry.setAttribute('position', new BufferAttribute(tin.positions, 3));
    this.geometry.setIndex(new BufferAttribute(tin.indices, 1));
    const picture = groundTexture(shared, ground);
    const mask = new CanvasTexture(paintMask(doc, shared.tier === 'full' ? 1024 : 640));
    mask.colorSpace = NoColorSpace;
    mask.minFilter = LinearFilter;
    mask.generateMipmaps = false;
    this.textures = [picture, mask];
    this.surface = new Mesh(this.geometry, createMaterial(shared, {
      vertex: TERRAIN_VERTEX,
      fragment: TERRAIN_FRAGMENT,
      uniforms: {
        ground: { value: picture }, mask: { value: mask }, opacity: this.opacity, fills: this.fills,
        extent: { value: new Vector4(...doc.extent) },
      },
    }));
    this.depth = new Mesh(this.geometry, createMaterial(shared, {
      vertex: DEPTH_VERTEX, fragment: DEPTH_FRAGMENT, options: { transparent: true, colorWrite: false },
    }));
    this.depth.visible = false;
    this.depth.renderOrder = -2;
    this.surface.renderOrder = -1;
    for (const mesh of [this.surface, this.depth]) {
      mesh.matrixAutoUpdate = false;
      this.object.add(mesh);
    }
  }

  /** A see-through ground first lays down its depth, so that hills do not shine through hills. */
  setVisible(visible: boolean, opacity: number): void {
    const material = this.surface.material;
    const seeThrough = opacity < 0.995;
    this.object.visible = visible && opacity > 0.01;
    this.opacity.value = opacity;
    this.depth.visible = seeThrough;
    if (material.transparent !== seeThrough) {
      material.transparent = seeThrough;
      material.needsUpdate = true;
    }
  }

  setFills(areas: number, plots: number): void {
    this.fills.value.set(areas, plots);
  }

  dispose(): void {
    this.geometry.dispose();
    this.surface.material.dispose();
    this.depth.material.dispose();
    for (const texture of this.textures) texture.dispose();
  }
}

function groundTexture(shared: Shared, image: ImageBitmap | null): Texture {
  const texture = new Texture(image ?? plainGround());
  texture.colorSpace = NoColorSpace;
  texture.flipY = false;
  texture.minFilter = LinearMipmapLinearFilter;
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

/** Red: how near the park is; green: fill of areas with a brighter rim; blue: fill of plots. */
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

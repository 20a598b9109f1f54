import { BufferAttribute, BufferGeometry, Matrix4, Mesh, type RawShaderMaterial } from 'three';
import type { PerspectiveCamera } from 'three';
import { createMaterial, type Shared } from '../scene/shared';
import { BACKDROP_FRAGMENT, BACKDROP_VERTEX } from '../shaders/backdrop';
import type { Layer } from './layer';

/** Sky and floor behind everything: one triangle at the far end of depth, so only bare pixels cost. */
export class BackdropLayer implements Layer {
  readonly object: Mesh<BufferGeometry, RawShaderMaterial>;
  private readonly unproject = { value: new Matrix4() };
  private readonly floor = { value: 0 };
  private readonly grid = { value: 1 };

  constructor(shared: Shared) {
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    this.object = new Mesh(geometry, createMaterial(shared, {
      vertex: BACKDROP_VERTEX,
      fragment: BACKDROP_FRAGMENT,
      uniforms: { unproject: this.unproject, floorZ: this.floor, grid: this.grid },
      cuttable: false,
      options: { depthWrite: false },
    }));
    this.object.frustumCulled = false;
    this.object.renderOrder = 50;
  }

  /** Height of the floor, as drawn. */
  setFloor(z: number): void {
    this.floor.value = z;
  }

  update(camera: PerspectiveCamera): void {
    this.unproject.value.copy(camera.matrixWorld).multiply(camera.projectionMatrixInverse);
  }

  /** The sky stays; the grid on the floor comes and goes. */
  setVisible(visible: boolean, opacity: number): void {
    this.grid.value = visible ? opacity : 0;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

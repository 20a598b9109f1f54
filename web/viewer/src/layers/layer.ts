import type { Object3D } from 'three';

/** One thing that stands in the world. Layers draw what they are given; they never fetch. */
export interface Layer {
  readonly object: Object3D;
  setVisible(visible: boolean, opacity: number): void;
  dispose(): void;
}

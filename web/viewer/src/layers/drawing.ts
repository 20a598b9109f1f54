import { CanvasTexture, DataTexture, Group, LinearFilter, NoColorSpace, Vector4, type Texture } from 'three';
import type { AreaRings, GroundDrawing } from '../contract';
import type { Shared } from '../scene/shared';
import type { Ground } from './built';
import { drape } from './draped';
import type { Layer } from './layer';
import { Mode, RibbonBatch } from './ribbons';

type Box = readonly [number, number, number, number];
const CLEAR = new DataTexture(new Uint8Array([0, 0, 0, 0]), 1, 1);
const MARGIN_M = 6;
const HATCH_PX = 9;

/** The sheet that the ground's shader lays over the ground. */
export class Paper {
  readonly uniforms = { paper: { value: CLEAR as Texture }, paperBox: { value: new Vector4(0, 0, 1, 1) } };

  constructor(private readonly size: number) {}

  /** Paints areas and field; false where there is nothing to lie on the ground. */
  paint(drawing: GroundDrawing | null): boolean {
    if (this.uniforms.paper.value !== CLEAR) this.uniforms.paper.value.dispose();
    this.uniforms.paper.value = CLEAR;
    const box = drawing ? boxOf(drawing) : null;
    if (!drawing || !box) return false;
    const texture = new CanvasTexture(painted(drawing, box, this.size));
    texture.colorSpace = NoColorSpace;
    texture.premultiplyAlpha = true;
    texture.minFilter = texture.magFilter = LinearFilter;
    texture.generateMipmaps = false;
    this.uniforms.paper.value = texture;
    this.uniforms.paperBox.value.set(box[0], box[1], box[2] - box[0], box[3] - box[1]);
    return true;
  }

  dispose(): void {
    if (this.uniforms.paper.value !== CLEAR) this.uniforms.paper.value.dispose();
  }
}

/** Fronts, flow lines and fields of the groundwater on the ground. */
export class DrawingLayer implements Layer {
  readonly object = new Group();
  private readonly batch: RibbonBatch;
  private drawing: GroundDrawing | null = null;
  private shown = true;
  private opacity = 1;

  constructor(shared: Shared, private readonly ground: Ground, private readonly paper: Paper, private readonly onPaper: (drawn: boolean) => void) {
    this.batch = new RibbonBatch(shared, 512, { order: 5, pull: 0.997 });
    this.object.add(this.batch.mesh);
  }

  set(drawing: GroundDrawing | null): void {
    this.drawing = drawing;
    this.batch.clear();
    for (const line of drawing?.lines ?? []) {
      const stroke = { width: 0.6 * line.width_px, least: line.width_px, mode: Mode.plain, dash: line.dash_m } as const;
      this.batch.path(drape(line.points, this.ground, line.closed, 12, 1.2), stroke, { colour: line.colour, alpha: line.alpha });
    }
    this.batch.commit();
    this.lay();
  }

  setVisible(visible: boolean, opacity: number): void {
    const changed = visible !== this.shown || opacity !== this.opacity;
    [this.shown, this.opacity] = [visible, opacity];
    this.object.visible = visible;
    this.batch.setOpacity(opacity);
    if (changed) this.lay();
  }

  dispose(): void {
    this.batch.dispose();
    this.paper.dispose();
  }

  private lay(): void {
    this.onPaper(this.paper.paint(this.shown ? this.drawing : null));
  }
}

/** The box round all areas and the field, a little wider. */
export function boxOf(drawing: Pick<GroundDrawing, 'areas' | 'field'>): Box | null {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  const put = (x: number, y: number): void => {
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  };
  for (const area of drawing.areas) for (const ring of area.rings) for (const [x, y] of ring) put(x, y);
  const { field } = drawing;
  if (field) {
    put(...field.corner);
    put(field.corner[0] + field.nx * field.step[0], field.corner[1] + field.ny * field.step[1]);
  }
  return x1 > x0 && y1 > y0 ? [x0 - MARGIN_M, y0 - MARGIN_M, x1 + MARGIN_M, y1 + MARGIN_M] : null;
}

function painted(drawing: GroundDrawing, box: Box, size: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const scale = size / Math.max(box[2] - box[0], box[3] - box[1]);
  canvas.width = Math.max(1, Math.round((box[2] - box[0]) * scale));
  canvas.height = Math.max(1, Math.round((box[3] - box[1]) * scale));
  const pen = canvas.getContext('2d');
  if (!pen) return canvas;
  const at = (x: number, y: number): [number, number] => [(x - box[0]) * scale, canvas.height - (y - box[1]) * scale];
  if (drawing.field) layField(pen, drawing.field, at, scale);
  for (const area of drawing.areas) {
    trace(pen, area.rings, at);
    pen.globalAlpha = area.alpha;
    pen.fillStyle = area.hatched ? hatch(pen, area.colour) : area.colour;
    pen.fill('evenodd');
  }
  return canvas;
}

function trace(pen: CanvasRenderingContext2D, rings: AreaRings, at: (x: number, y: number) => [number, number]): void {
  pen.beginPath();
  for (const ring of rings) {
    ring.forEach(([x, y], i) => (i === 0 ? pen.moveTo(...at(x, y)) : pen.lineTo(...at(x, y))));
    pen.closePath();
  }
}

/** Stripes: what is only expected is never an even colour. */
function hatch(pen: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = tile.height = HATCH_PX;
  const brush = tile.getContext('2d');
  if (!brush) return colour;
  brush.fillStyle = colour;
  brush.globalAlpha = 0.45;
  brush.fillRect(0, 0, HATCH_PX, HATCH_PX);
  brush.globalAlpha = 1;
  brush.strokeStyle = colour;
  brush.lineWidth = HATCH_PX * 0.36;
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    brush.beginPath();
    brush.moveTo(shift, HATCH_PX);
    brush.lineTo(shift + HATCH_PX, 0);
    brush.stroke();
  }
  return pen.createPattern(tile, 'repeat') ?? colour;
}

function layField(pen: CanvasRenderingContext2D, field: NonNullable<GroundDrawing['field']>, at: (x: number, y: number) => [number, number], scale: number): void {
  const cells = document.createElement('canvas');
  cells.width = field.nx;
  cells.height = field.ny;
  const image = new ImageData(field.nx, field.ny);
  // Rows of a picture run from the north.
  for (let j = 0; j < field.ny; j++) image.data.set(field.rgba.subarray(j * field.nx * 4, (j + 1) * field.nx * 4), (field.ny - 1 - j) * field.nx * 4);
  cells.getContext('2d')?.putImageData(image, 0, 0);
  const [left, top] = at(field.corner[0], field.corner[1] + field.ny * field.step[1]);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(cells, left, top, field.nx * field.step[0] * scale, field.ny * field.step[1] * scale);
}

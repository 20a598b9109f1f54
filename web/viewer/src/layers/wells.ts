import { Group } from 'three';
import type { BoreholeDoc, SceneDoc, StratumDoc, WellDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Ground } from './built';
import { drapedCircle } from './draped';
import type { Layer } from './layer';
import { Mode, RibbonBatch, type Ink, type Stroke } from './ribbons';

type P = readonly [number, number, number];
/** Things this near to the cut are shown on its face, metres. */
export const NEAR_SECTION_M = 70;

/** The plane of a cut: unit normal towards the viewer and offset, as in Shared.cut. */
export interface CutPlane { readonly nx: number; readonly ny: number; readonly c: number }

const CASING: Ink = { colour: 0x5fb6dc, alpha: 1 };
const SCREEN: Ink = { colour: 0xa6f4ff, alpha: 1 };
const TUBE: Stroke = { width: 2.2, least: 2.6, mode: Mode.tube };
const SCREEN_TUBE: Stroke = { width: 3.4, least: 4, mode: Mode.tube, dash: 1.1 };

/** Wells with their screens, and boreholes with their logs. */
export class WellsLayer implements Layer {
  readonly object = new Group();
  private readonly tubes: RibbonBatch;
  private readonly marks: RibbonBatch;
  private readonly colours: Map<string, number>;
  private cut: CutPlane | null = null;
  private tones: ReadonlyMap<string, number> = new Map();

  constructor(shared: Shared, private readonly doc: SceneDoc, private readonly ground: Ground) {
    this.tubes = new RibbonBatch(shared, 256, { order: -10, cuttable: false });
    this.marks = new RibbonBatch(shared, 1024, { order: 7, pull: 0.998 });
    this.colours = new Map((doc.strata?.layers ?? []).map((layer: StratumDoc) => [layer.id, Number.parseInt(layer.colour.slice(1), 16)]));
    this.object.add(this.tubes.mesh, this.marks.mesh);
    this.setTones(this.tones);
  }

  /** Colours of wells by id: ring on the ground, head and screen. */
  setTones(tones: ReadonlyMap<string, number>): void {
    this.tones = tones;
    this.marks.clear();
    for (const well of this.doc.wells) this.mark(well);
    this.marks.commit();
    this.setCut(this.cut);
  }

  /** With a cut, only what stands near it or behind it is drawn; what is near moves onto the face. */
  setCut(cut: CutPlane | null): void {
    this.cut = cut;
    this.tubes.clear();
    this.tubes.mesh.renderOrder = cut ? 9 : -10;
    for (const well of this.doc.wells) this.well(well);
    for (const hole of this.doc.boreholes) this.borehole(hole);
    this.tubes.commit();
  }

  setVisible(visible: boolean, opacity: number): void {
    this.object.visible = visible;
    this.tubes.setOpacity(opacity);
    this.marks.setOpacity(opacity);
  }

  dispose(): void {
    this.tubes.dispose();
    this.marks.dispose();
  }

  /** Where a thing is drawn: on the face when near the cut, nowhere when cut away. */
  place(x: number, y: number): readonly [number, number] | null {
    if (!this.cut) return [x, y];
    const { nx, ny, c } = this.cut;
    const ahead = nx * x + ny * y + c;
    if (Math.abs(ahead) > NEAR_SECTION_M) return ahead > 0 ? null : [x, y];
    return [x - nx * (ahead - 1.5), y - ny * (ahead - 1.5)];
  }

  private well(well: WellDoc): void {
    const at = this.place(well.x, well.y);
    if (!at) return;
    const z = (depth: number): P => [at[0], at[1], well.ground - depth];
    const [top, bottom] = well.screen;
    this.tubes.line(z(-1.2), z(top), TUBE, CASING);
    this.tubes.line(z(top), z(bottom), SCREEN_TUBE, this.screenInk(well.id));
    if (well.depth > bottom) this.tubes.line(z(bottom), z(well.depth), TUBE, CASING);
  }

  private borehole(hole: BoreholeDoc): void {
    const at = this.place(hole.x, hole.y);
    if (!at) return;
    for (const layer of hole.layers) {
      const ink: Ink = { colour: this.colours.get(layer.stratum) ?? 0x999999, alpha: 1 };
      this.tubes.line([at[0], at[1], layer.top_z], [at[0], at[1], layer.bottom_z], { width: 4, least: 4.5, mode: Mode.tube }, ink);
    }
  }

  private mark(well: WellDoc): void {
    const tone = this.tones.get(well.id);
    const ring = tone === undefined ? { width: 0.8, least: 1.4, mode: Mode.plain } : { width: 2, least: 3.4, mode: Mode.plain };
    this.marks.path(drapedCircle(well.x, well.y, tone === undefined ? 4.5 : 7, this.ground, 12), ring, { colour: tone ?? 0x7fe7ff, alpha: 0.9 });
    this.marks.line([well.x, well.y, well.ground], [well.x, well.y, well.ground + 2.2], { width: 1, least: 2, mode: Mode.tube }, this.screenInk(well.id));
  }

  private screenInk(id: string): Ink {
    const tone = this.tones.get(id);
    return tone === undefined ? SCREEN : { colour: tone, alpha: 1 };
  }
}

import { RAMP, type BeamLook } from '../contract';
import type { BeamDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Layer } from './layer';
import { Mode, RibbonBatch, type Ink } from './ribbons';

const NO_VALUE = 0x93a4b3;

/** Colour of a level 0..1 on a ramp, the air's unless told otherwise, 0xrrggbb. */
export function rampColour(level: number, ramp: readonly string[] = RAMP): number {
  const at = Math.min(Math.max(level, 0), 1) * (ramp.length - 1);
  const i = Math.min(Math.floor(at), ramp.length - 2);
  const [low, high] = [hex(ramp[i]), hex(ramp[i + 1])];
  const mix = (shift: number): number => {
    const [p, q] = [(low >> shift) & 255, (high >> shift) & 255];
    return Math.round(p + (q - p) * (at - i)) << shift;
  };
  return mix(16) | mix(8) | mix(0);
}

function hex(text: string | undefined): number {
  return Number.parseInt((text ?? '#000000').slice(1), 16);
}

/** Light paths as glowing tubes: coloured by level, grey without a value, dashed when old. */
export class BeamsLayer implements Layer {
  private readonly batch: RibbonBatch;
  private readonly looks = new Map<string, BeamLook>();
  private marked = new Set<string>();
  private shown = true;

  constructor(shared: Shared, private readonly beams: readonly BeamDoc[]) {
    this.batch = new RibbonBatch(shared, Math.max(1, beams.length), { order: 32 });
    this.redraw();
  }

  get object(): RibbonBatch['mesh'] {
    return this.batch.mesh;
  }

  setLooks(looks: readonly BeamLook[]): void {
    this.looks.clear();
    for (const look of looks) this.looks.set(look.id, look);
    this.redraw();
  }

  /** Beams that are pointed at or chosen are drawn wider. */
  setMarked(ids: readonly string[]): void {
    this.marked = new Set(ids);
    this.redraw();
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible;
    this.batch.mesh.visible = visible && this.beams.length > 0;
    this.batch.setOpacity(opacity);
  }

  dispose(): void {
    this.batch.dispose();
  }

  private redraw(): void {
    this.batch.clear();
    for (const beam of this.beams) {
      const look = this.looks.get(beam.id);
      const level = look?.level ?? null;
      const ink: Ink = level === null
        ? { colour: NO_VALUE, alpha: 0.55 }
        : { colour: rampColour(level), alpha: look?.stale ? 0.5 : 1 };
      const wider = this.marked.has(beam.id) ? 2 : 1;
      const least = (level === null ? 1.5 : 2.3 + 1.3 * level) * wider;
      this.batch.line(beam.a, beam.b, {
        width: 1.3 * wider, least, mode: level === null ? Mode.plain : Mode.glow, dash: level === null || look?.stale ? 16 : 0,
      }, ink);
    }
    this.batch.commit();
    this.batch.mesh.visible &&= this.shown;
  }
}

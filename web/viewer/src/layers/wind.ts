import type { WindLook } from '../contract';
import type { Shared } from '../scene/shared';
import type { Layer } from './layer';
import { Mode, RibbonBatch, type Ink } from './ribbons';

/**
 * Unit vector (east, north in grid axes) TOWARDS which the air moves. `from_deg` is where the wind
 * comes FROM, clockwise from TRUE north; `convergence_deg` is grid north minus true north.
 */
export function windTowards(from_deg: number, convergence_deg: number): [number, number] {
  const grid = ((from_deg - convergence_deg) * Math.PI) / 180;
  return [-Math.sin(grid), -Math.cos(grid)];
}

/** An arrow over each weather set, with streaks beside it; longer and denser in stronger wind. */
export class WindLayer implements Layer {
  private readonly batch: RibbonBatch;
  private shown = true;

  constructor(shared: Shared, private readonly convergence_deg: number) {
    this.batch = new RibbonBatch(shared, 64, { order: 33 });
  }

  get object(): RibbonBatch['mesh'] {
    return this.batch.mesh;
  }

  setLooks(looks: readonly WindLook[]): void {
    this.batch.clear();
    for (const look of looks) this.draw(look);
    this.batch.commit();
    this.batch.mesh.visible &&= this.shown;
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible;
    this.batch.mesh.visible = visible;
    this.batch.setOpacity(opacity);
  }

  dispose(): void {
    this.batch.dispose();
  }

  private draw(look: WindLook): void {
    const [dx, dy] = windTowards(look.from_deg, this.convergence_deg);
    const [x, y, z0] = look.at;
    const z = z0 + 14;
    const ink: Ink = look.stale ? { colour: 0x8ea3b4, alpha: 0.55 } : { colour: 0xe6f7ff, alpha: 0.95 };
    const clear: Ink = { colour: ink.colour, alpha: 0 };
    const dash = look.stale ? 9 : 0;
    if (look.speed_m_s < 0.3) {
      this.batch.line([x - 5, y, z], [x + 5, y, z], { width: 1.2, least: 2, mode: Mode.plain }, ink);
      return;
    }
    const reach = Math.min(130, 44 + 11 * look.speed_m_s);
    const place = (along: number, across: number, up = 0): [number, number, number] =>
      [x + dx * along - dy * across, y + dy * along + dx * across, z + up];
    const tip = place(reach / 2, 0);
    this.batch.line(place(-reach / 2, 0), tip, { width: 1.5, least: 2.2, mode: Mode.plain, dash }, { ...ink, alpha: ink.alpha * 0.25 }, ink);
    for (const side of [-1, 1]) {
      this.batch.line(place(reach / 2 - 11, side * 5), tip, { width: 1.5, least: 2.2, mode: Mode.plain }, ink);
    }
    if (look.stale) return;
    const streaks = Math.min(8, 3 + Math.round(look.speed_m_s));
    for (let i = 0; i < streaks; i++) {
      const across = (i - (streaks - 1) / 2) * 15 + 5 * Math.sin(i * 4.1);
      if (Math.abs(across) < 5) continue;
      const [start, length] = [reach * (0.28 * Math.sin(i * 2.7) - 0.5), reach * (0.55 + 0.25 * Math.cos(i * 3.3))];
      const up = 3 * Math.sin(i * 1.7) - 4;
      this.batch.line(place(start, across, up), place(start + length, across, up), { width: 0.7, least: 1.1, mode: Mode.plain }, clear, { ...ink, alpha: 0.5 });
    }
  }
}

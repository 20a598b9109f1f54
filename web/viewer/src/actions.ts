/** What buttons, keys and clicks set off. */

import type { CameraState, Pick, Vec3, World } from './contract';
import { setLanguage } from './i18n';
import { drawable } from './stores/air';
import { span } from './stores/span';
import { untracked, type Readable } from './stores/signal';
import type { Selected, Stores } from './stores/stores';
import type { Actions } from './ui/context';

/** How far the camera stands from what it flies to. */
const NEAR_M = 320;
const STEP_PART = 1 / 60;

function viewOf(place: Vec3, from: CameraState | null): CameraState {
  const dx = from ? from.position[0] - from.target[0] : 0;
  const dy = from ? from.position[1] - from.target[1] : -1;
  const flat = Math.hypot(dx, dy) || 1;
  return { target: place, position: [place[0] + (dx / flat) * NEAR_M, place[1] + (dy / flat) * NEAR_M, place[2] + NEAR_M * 0.7] };
}

/** The scene's view of everything is made anew for the shape of the picture. */
export const HOME = 'overview';

/** Width to height that views of a scene are made for. */
const VIEW_ASPECT = 1.5;
/** Bearing off the normal from which a section is looked at, so that it has depth. */
const ASLANT = 0.32;

/** A view of the scene, drawn back so that a narrower picture still holds what a wide one would. */
export function fitted(view: CameraState, aspect: number): CameraState {
  const back = Math.max(1, Math.min(2, VIEW_ASPECT / Math.max(0.2, aspect)));
  const [t, p] = [view.target, view.position];
  return { target: t, position: [t[0] + (p[0] - t[0]) * back, t[1] + (p[1] - t[1]) * back, t[2] + (p[2] - t[2]) * back] };
}

/** Whether the camera may fly; it jumps for people who asked their system for less motion. */
function moves(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export class PageActions implements Actions {
  constructor(private readonly stores: Stores, private readonly world: Readable<World | null>, private readonly aspect: () => number, private readonly again: () => void) {}

  select(selected: Selected | null): void {
    this.stores.selected.set(selected);
  }

  flyTo(kind: Pick['kind'], id: string): void {
    this.select({ kind, id });
    const world = this.world.peek();
    const place = this.stores.scene.peek()?.places.get(id);
    if (!world || !place) return;
    const ground = world.ground(place[0], place[1]) ?? place[2];
    const at: Vec3 = [place[0], place[1], Math.max(place[2], ground)];
    world.setCamera(viewOf(at, world.camera()), moves());
  }

  lookAt(target: Vec3, position: Vec3): void {
    this.world.peek()?.setCamera({ target, position }, moves());
  }

  home(): void {
    const world = this.world.peek();
    world?.setCamera(world.overview(), moves());
  }

  showBookmark(id: string, target: Vec3, position: Vec3): void {
    if (id === HOME) this.home();
    else this.world.peek()?.setCamera(fitted({ target, position }, this.aspect()), moves());
  }

  /** Stands before the cut, on its southern or eastern side, aslant and a little above. */
  showSection(): void {
    const cut = this.stores.section.peek();
    const world = this.world.peek();
    if (!cut || !world) return;
    const [dx, dy] = [cut.b[0] - cut.a[0], cut.b[1] - cut.a[1]];
    const length = Math.hypot(dx, dy) || 1;
    const side = dx >= 0 ? 1 : -1;
    const x = (cut.a[0] + cut.b[0]) / 2;
    const y = (cut.a[1] + cut.b[1]) / 2;
    const z = world.ground(x, y) ?? 0;
    const back = length * 0.52 * Math.max(1, Math.min(1.5, 1.5 / Math.max(0.2, this.aspect())));
    const [nx, ny] = [(dy / length) * side, (-dx / length) * side];
    const [ex, ey] = [nx * Math.cos(ASLANT) + ny * Math.sin(ASLANT), ny * Math.cos(ASLANT) - nx * Math.sin(ASLANT)];
    world.setCamera({ target: [x, y, z - 8], position: [x + ex * back, y + ey * back, z + back * 0.06] }, moves());
  }

  northUp(): void {
    const world = this.world.peek();
    if (!world) return;
    const { target, position } = world.camera();
    const flat = Math.hypot(position[0] - target[0], position[1] - target[1]);
    const turn = (this.stores.scene.peek()?.scene.crs.convergence_deg ?? 0) * (Math.PI / 180);
    world.setCamera({ target, position: [target[0] + flat * Math.sin(turn), target[1] - flat * Math.cos(turn), position[2]] }, moves());
  }

  goLive(): void {
    this.stores.replay.set(null);
  }

  seek(at_ms: number): void {
    const playing = this.stores.replay.peek()?.playing ?? false;
    this.stores.replay.set({ at: at_ms, playing });
  }

  step(direction: -1 | 1): void {
    const { from, to } = untracked(() => span(this.stores));
    const at = (this.stores.replay.peek()?.at ?? to) + direction * (to - from) * STEP_PART;
    if (at >= to) this.goLive();
    else this.stores.replay.set({ at: Math.max(from, at), playing: false });
  }

  togglePlay(): void {
    const replay = this.stores.replay.peek();
    if (replay) this.stores.replay.set({ ...replay, playing: !replay.playing });
    else this.stores.replay.set({ at: untracked(() => span(this.stores)).from, playing: true });
  }

  fullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen().catch(() => undefined);
  }

  setMode(mode: 'wall' | 'desk'): void {
    this.stores.mode.set(mode);
  }

  setLanguage(language: 'zh' | 'en'): void {
    this.stores.language.set(language);
    setLanguage(language);
  }

  picture(): void {
    const forecast = this.stores.water.lead_s.peek() > 0 || drawable(this.stores.air.shownMap.peek(), this.stores.now_ms.peek())?.map.kind === 'forecast';
    void this.world.peek()?.screenshot().then((blob) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `park-twin${forecast ? '-forecast' : ''}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.png`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  async share(): Promise<boolean> {
    try {
      await navigator.clipboard.writeText(location.href);
      return true;
    } catch {
      return false;
    }
  }

  retry(): void {
    this.again();
  }
}

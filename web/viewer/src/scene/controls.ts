import { approach, copyPose, flightPose, panTo, turn, zoomTo, type Lens, type Pose } from './pose';

type V3 = readonly [number, number, number];
const SETTLE_MS = 95;
const CLICK_PX = 5;

export interface ControlHost {
  /** Place in drawn metres under a pixel of the canvas. */
  placeAt(x: number, y: number): V3;
  lens(): Lens;
  invalidate(): void;
  onClick(x: number, y: number): void;
  onDoubleClick(x: number, y: number): void;
  onHover(x: number, y: number): void;
  onLeave(): void;
  onKey(key: string): boolean;
  /** Limits of the target: x0, y0, x1, y1, and the farthest distance. */
  bounds(): readonly [number, number, number, number, number];
}

interface Finger { x: number; y: number }
interface Flight { readonly from: Pose; readonly to: Pose; readonly length_ms: number; start_ms: number | null }

/**
 * Left drag holds the ground and moves it, right drag (or Ctrl / Shift) turns, the wheel comes
 * nearer to what is under the pointer; two fingers move, turn and zoom; arrows and + - on the keyboard.
 */
export class Controls {
  readonly now: Pose;
  private goal: Pose;
  private flight: Flight | null = null;
  private readonly fingers = new Map<number, Finger>();
  private held: V3 | null = null;
  private turning = false;
  private travelled = 0;
  private last_ms = 0;
  private readonly stop = new AbortController();

  constructor(private readonly canvas: HTMLCanvasElement, private readonly host: ControlHost, start: Pose) {
    this.now = copyPose(start);
    this.goal = copyPose(start);
    canvas.style.touchAction = 'none';
    if (canvas.tabIndex < 0) canvas.tabIndex = 0;
    const signal = { signal: this.stop.signal };
    canvas.addEventListener('pointerdown', (event) => { this.down(event); }, signal);
    canvas.addEventListener('pointermove', (event) => { this.move(event); }, signal);
    canvas.addEventListener('pointerup', (event) => { this.up(event); }, signal);
    canvas.addEventListener('pointercancel', (event) => { this.fingers.delete(event.pointerId); }, signal);
    canvas.addEventListener('pointerleave', () => { host.onLeave(); }, signal);
    canvas.addEventListener('wheel', (event) => { this.wheel(event); }, { ...signal, passive: false });
    canvas.addEventListener('contextmenu', (event) => { event.preventDefault(); }, signal);
    canvas.addEventListener('dblclick', (event) => { host.onDoubleClick(...this.at(event)); }, signal);
    canvas.addEventListener('keydown', (event) => { this.key(event); }, signal);
  }

  get goalPose(): Pose {
    return copyPose(this.goal);
  }

  get dragging(): boolean {
    return this.fingers.size > 0;
  }

  jump(pose: Pose): void {
    this.flight = null;
    this.goal = copyPose(pose);
    Object.assign(this.now, copyPose(pose));
    this.host.invalidate();
  }

  fly(pose: Pose, length_ms = 1400): void {
    this.flight = { from: copyPose(this.now), to: copyPose(pose), length_ms, start_ms: null };
    this.goal = copyPose(pose);
    this.host.invalidate();
  }

  /** Moves the camera on; true when another frame is needed. */
  update(now_ms: number): boolean {
    const gap = Math.min(250, now_ms - this.last_ms);
    this.last_ms = now_ms;
    if (!this.flight) return approach(this.now, this.goal, 1 - Math.exp(-gap / SETTLE_MS));
    this.flight.start_ms ??= now_ms;
    const share = Math.min(1, (now_ms - this.flight.start_ms) / this.flight.length_ms);
    Object.assign(this.now, flightPose(this.flight.from, this.flight.to, share));
    if (share < 1) return true;
    Object.assign(this.now, copyPose(this.flight.to));
    this.flight = null;
    return false;
  }

  dispose(): void {
    this.stop.abort();
  }

  private at(event: MouseEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private uv(x: number, y: number): [number, number] {
    return [(x / this.canvas.clientWidth) * 2 - 1, 1 - (y / this.canvas.clientHeight) * 2];
  }

  private down(event: PointerEvent): void {
    const [x, y] = this.at(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, { x, y });
    this.settle();
    if (this.fingers.size === 1) {
      this.travelled = 0;
      this.turning = event.button === 2 || event.button === 1 || event.ctrlKey || event.shiftKey;
    }
    this.held = this.host.placeAt(...this.centre());
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    const [x, y] = this.at(event);
    if (!finger) {
      this.host.onHover(x, y);
      return;
    }
    const before = this.fingers.size > 1 ? this.spread() : null;
    const [dx, dy] = [x - finger.x, y - finger.y];
    this.travelled += Math.abs(dx) + Math.abs(dy);
    Object.assign(finger, { x, y });
    if (this.travelled < CLICK_PX) return;
    if (before) this.pinch(before);
    else if (this.turning) turn(this.goal, (-dx / this.canvas.clientHeight) * -2.4, (dy / this.canvas.clientHeight) * 2.2);
    else if (this.held) panTo(this.goal, this.host.lens(), this.held, ...this.uv(x, y));
    this.changed(true);
  }

  private up(event: PointerEvent): void {
    const single = this.fingers.size === 1;
    if (!this.fingers.delete(event.pointerId)) return;
    if (single && this.travelled < CLICK_PX && event.button === 0) this.host.onClick(...this.at(event));
    if (this.fingers.size === 1) this.held = this.host.placeAt(...this.centre());
  }

  /** Two fingers: their middle holds the ground, their spread zooms, their turn turns, both up or down tilts. */
  private pinch(before: { size: number; angle: number; y: number }): void {
    const now = this.spread();
    if (this.held) {
      zoomTo(this.goal, before.size / Math.max(now.size, 1), this.held, this.host.bounds()[4]);
      turn(this.goal, now.angle - before.angle, ((now.y - before.y) / this.canvas.clientHeight) * 0.9);
      panTo(this.goal, this.host.lens(), this.held, ...this.uv(...this.centre()));
    }
  }

  private spread(): { size: number; angle: number; y: number } {
    const [p, q] = [...this.fingers.values()];
    if (!p || !q) return { size: 1, angle: 0, y: 0 };
    return { size: Math.hypot(q.x - p.x, q.y - p.y), angle: -Math.atan2(q.y - p.y, q.x - p.x), y: (p.y + q.y) / 2 };
  }

  private centre(): [number, number] {
    let [x, y] = [0, 0];
    for (const finger of this.fingers.values()) [x, y] = [x + finger.x, y + finger.y];
    return [x / this.fingers.size, y / this.fingers.size];
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.settle();
    const lines = event.deltaMode === 1 ? 33 : event.deltaMode === 2 ? 400 : 1;
    const factor = Math.exp(Math.min(240, Math.max(-240, event.deltaY * lines)) * 0.0014);
    zoomTo(this.goal, factor, this.host.placeAt(...this.at(event)), this.host.bounds()[4]);
    this.changed(false);
  }

  private key(event: KeyboardEvent): void {
    if (this.host.onKey(event.key)) {
      event.preventDefault();
      return;
    }
    const step = this.goal.distance * 0.09;
    const go = (right: number, ahead: number): void => {
      const [s, c] = [Math.sin(this.goal.bearing), Math.cos(this.goal.bearing)];
      this.goal.target[0] += (right * c + ahead * s) * step;
      this.goal.target[1] += (ahead * c - right * s) * step;
    };
    const turnKey = event.shiftKey;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => { turnKey ? turn(this.goal, -0.12, 0) : go(-1, 0); },
      ArrowRight: () => { turnKey ? turn(this.goal, 0.12, 0) : go(1, 0); },
      ArrowUp: () => { turnKey ? turn(this.goal, 0, -0.08) : go(0, 1); },
      ArrowDown: () => { turnKey ? turn(this.goal, 0, 0.08) : go(0, -1); },
      '+': () => { zoomTo(this.goal, 0.8, this.goal.target, this.host.bounds()[4]); },
      '=': () => { zoomTo(this.goal, 0.8, this.goal.target, this.host.bounds()[4]); },
      '-': () => { zoomTo(this.goal, 1.25, this.goal.target, this.host.bounds()[4]); },
      n: () => { this.goal.bearing = 0; },
    };
    const action = actions[event.key];
    if (!action || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.settle();
    action();
    this.changed(false);
  }

  /** A hand on the camera ends a flight where it is. */
  private settle(): void {
    if (this.flight) {
      this.flight = null;
      this.goal = copyPose(this.now);
    }
  }

  private changed(direct: boolean): void {
    const [x0, y0, x1, y1] = this.host.bounds();
    this.goal.target[0] = Math.min(x1, Math.max(x0, this.goal.target[0]));
    this.goal.target[1] = Math.min(y1, Math.max(y0, this.goal.target[1]));
    if (direct && !this.turning) Object.assign(this.now, copyPose(this.goal));
    this.last_ms = performance.now() - 16;
    this.host.invalidate();
  }
}

import { PerspectiveCamera, Vector3, WebGLRenderer } from 'three';
import type {
  BeamLook, CameraState, GroundDrawing, LayerId, MapSheet, MeasureKind, MeasureResult, Pick, Rect, SectionCut, StrataColumn, Tier, Vec3, WaterScale, WindLook,
  World, WorldLabel, WorldStats,
} from '../contract';
import { decodeGrid, sampleGrid, type Grid } from '../formats/grid';
import { parseScene, type SceneDoc } from '../formats/scene';
import { decodeVolume } from '../formats/volume';
import { Controls } from './controls';
import { FrameLoop } from './frame';
import { bestView } from './framing';
import { LabelLayer } from './labels';
import { loadFiles } from './load';
import { Picker, type PickView } from './picking';
import { eyeOf, poseOf, type Lens, type Pose } from './pose';
import { createShared, setAir, setCutting, shownHeight, trueHeight } from './shared';
import { buildStage, type Stage } from './stage';
import { NO_WATER } from '../layers/strata_model';
import type { Ray } from './terrain_index';
import { probeTier } from './tier';

export interface WorldOptions {
  /** `auto` (the default) draws three small frames and chooses. */
  readonly tier?: Tier | 'auto';
  /** Most pixels per CSS pixel; 1 in `lite`, at most 2 in `full` by default. */
  readonly pixelRatio?: number;
}

const OPENING_DEG = 40;
const CLEARANCE_M = 6;
/** The park lies in the middle of the overview: hills and sky above it, the legend below. */
const OVERVIEW_WINDOW = { left: -0.92, right: 0.92, bottom: -0.6, top: 0.46 };
const EMPTY: Pose = { target: [0, 0, 0], bearing: 0, dip: 0.6, distance: 3000 };

/** Makes the 3D world on a canvas; labels go into `labelRoot`, which must cover the canvas. */
export function createWorld(canvas: HTMLCanvasElement, labelRoot: HTMLElement, options: WorldOptions = {}): World {
  return new CanvasWorld(canvas, labelRoot, options);
}

class CanvasWorld implements World {
  private readonly tier: Tier;
  private readonly renderer: WebGLRenderer;
  private readonly shared;
  private readonly camera3 = new PerspectiveCamera(OPENING_DEG, 1, 4, 30000);
  private readonly loop: FrameLoop;
  private readonly controls: Controls;
  private readonly labels: LabelLayer;
  private doc: SceneDoc | null = null;
  private stage: Stage | null = null;
  private heights: Grid | null = null;
  private picker: Picker | null = null;
  private readonly layerState = new Map<LayerId, { visible: boolean; opacity: number }>();
  private chosen: { kind: Pick['kind'] | null; id: string } = { kind: null, id: '' };
  private pointed = '';
  private pointer: readonly [number, number] | null = null;
  private readonly wanted = new Map<string, (stage: Stage) => void>();
  private readonly cameraListeners: ((state: CameraState) => void)[] = [];
  private readonly pickListeners: ((pick: Pick | null) => void)[] = [];
  private readonly hoverListeners: ((pick: Pick | null) => void)[] = [];
  private frames = 0;
  private lastFrameMs = 0;
  private triangles = 0;
  private readonly scratch = new Vector3();
  private readonly pixel = new Uint8Array(4);
  private readonly observer: ResizeObserver;
  private readonly view: PickView;

  constructor(private readonly canvas: HTMLCanvasElement, labelRoot: HTMLElement, private readonly options: WorldOptions) {
    this.tier = options.tier && options.tier !== 'auto' ? options.tier : probeTier();
    this.shared = createShared(this.tier);
    this.renderer = new WebGLRenderer({
      canvas, antialias: this.tier === 'full', alpha: false, stencil: false, powerPreference: 'high-performance',
    });
    this.renderer.autoClear = false;
    this.renderer.info.autoReset = false;
    this.renderer.sortObjects = true;
    this.camera3.up.set(0, 0, 1);
    this.loop = new FrameLoop((now_ms) => this.draw(now_ms), () => { this.flush(); });
    this.labels = new LabelLayer(labelRoot);
    this.view = this.pickView();
    this.controls = new Controls(canvas, {
      placeAt: (x, y) => this.placeAt(x, y),
      lens: () => this.lens(),
      invalidate: () => { this.loop.invalidate(); },
      onClick: (x, y) => { this.click(x, y); },
      onDoubleClick: (x, y) => { this.doubleClick(x, y); },
      onHover: (x, y) => { this.hover(x, y); },
      onLeave: () => { this.pointer = null; this.setPointed(null); },
      onKey: (key) => this.key(key),
      bounds: () => this.bounds(),
    }, EMPTY);
    canvas.addEventListener('webglcontextrestored', () => { this.loop.invalidate(); });
    this.observer = new ResizeObserver(() => { this.resize(); });
    this.observer.observe(canvas);
    this.resize();
  }

  async load(base: string, scene: unknown, progress: (done: number, total: number) => void): Promise<void> {
    const doc = parseScene(scene);
    const files = await loadFiles(base, doc, progress);
    this.doc = doc;
    this.heights = files.heights;
    this.shared.pivot = this.pivotOf(doc);
    setAir(this.shared, doc.extent);
    const stage = buildStage(this.shared, doc, files);
    this.stage = stage;
    this.picker = new Picker(doc, stage.index);
    this.applyExaggeration();
    for (const [id, state] of this.layerState) this.applyLayer(id, state.visible, state.opacity);
    for (const plume of [stage.plume, stage.waterPlume]) plume.resize(this.shared.viewport.value.x, this.shared.viewport.value.y);
    if (!this.placed) this.controls.jump(this.overviewPose(doc));
    for (const act of this.wanted.values()) act(stage);
    this.loop.invalidate();
  }

  setLayer(id: LayerId, visible: boolean, opacity: number): void {
    this.layerState.set(id, { visible, opacity });
    this.applyLayer(id, visible, opacity);
    this.loop.invalidate();
  }

  setBeams(looks: readonly BeamLook[]): void {
    this.change((stage) => { stage.beams.setLooks(looks); }, 'beams');
  }

  setWind(looks: readonly WindLook[]): void {
    this.change((stage) => { stage.wind.setLooks(looks); }, 'wind');
  }

  setLabels(labels: readonly WorldLabel[]): void {
    this.labels.set(labels);
    this.loop.invalidate();
  }

  setObstacles(rects: readonly Rect[]): void {
    if (this.labels.setObstacles(rects)) this.loop.invalidate();
  }

  setPlume(bytes: ArrayBuffer | null): void {
    const volume = bytes ? decodeVolume(bytes) : null;
    this.change((stage) => { stage.plume.setVolume(volume); }, 'plume');
  }

  setGroundMap(sheet: MapSheet | null): void {
    this.change((stage) => { stage.terrain.setMap(sheet); }, 'map');
  }

  setDrawing(drawing: GroundDrawing | null): void {
    this.change((stage) => { stage.drawing.set(drawing); }, 'drawing');
  }

  setWaterPlume(bytes: ArrayBuffer | null, scale: WaterScale): void {
    const volume = bytes ? decodeVolume(bytes) : null;
    this.change((stage) => {
      stage.waterPlume.setVolume(volume, scale);
      stage.strata?.setDissolved(volume, scale);
    }, 'dissolved');
  }

  setWellTones(tones: ReadonlyMap<string, number>): void {
    this.change((stage) => { stage.wells.setTones(tones); }, 'wells');
  }

  setWaterTable(bytes: ArrayBuffer | null): void {
    const grid = bytes ? decodeGrid(bytes) : null;
    this.change((stage) => {
      stage.waterTable.setGrid(grid);
      stage.strata?.model.setWater(grid);
      stage.strata?.rebuild();
    }, 'water');
  }

  setSection(cut: SectionCut | null): void {
    this.change((stage) => {
      stage.strata?.setSection(cut);
      const chord = stage.strata?.section ?? null;
      setCutting(this.shared, chord !== null);
      this.openGround();
      this.cutSide = 0;
      if (chord) this.aimCut(stage);
      else stage.wells.setCut(null);
    }, 'section');
  }

  setExaggeration(factor: number): void {
    const { target, position } = this.camera();
    this.shared.exaggeration.value = Math.min(20, Math.max(0.1, factor));
    this.applyExaggeration();
    if (this.stage) this.setCamera({ target, position }, false);
  }

  setSelected(kind: Pick['kind'] | null, id: string): void {
    this.chosen = { kind, id };
    this.change((stage) => {
      stage.chosen.show(kind, id);
      this.markBeams(stage);
    }, 'chosen');
  }

  camera(): CameraState {
    return this.stateOf(this.controls.goalPose);
  }

  overview(): CameraState {
    return this.stateOf(this.doc ? this.overviewPose(this.doc) : EMPTY);
  }

  private stateOf(pose: Pose): CameraState {
    const eye = eyeOf(pose);
    return {
      target: [pose.target[0], pose.target[1], trueHeight(this.shared, pose.target[2])],
      position: [eye[0], eye[1], trueHeight(this.shared, eye[2])],
    };
  }

  setCamera(state: CameraState, animate: boolean): void {
    const shown = (p: Vec3): Vec3 => [p[0], p[1], shownHeight(this.shared, p[2])];
    const pose = poseOf(shown(state.target), shown(state.position));
    this.placed = true;
    if (animate) this.controls.fly(pose);
    else this.controls.jump(pose);
  }

  onCamera(listener: (state: CameraState) => void): void {
    this.cameraListeners.push(listener);
  }

  onPick(listener: (pick: Pick | null) => void): void {
    this.pickListeners.push(listener);
  }

  onHover(listener: (pick: Pick | null) => void): void {
    this.hoverListeners.push(listener);
  }

  measure(kind: MeasureKind | null, listener: (result: MeasureResult) => void): void {
    this.change((stage) => { stage.measure.start(kind, listener); });
    this.canvas.style.cursor = kind ? 'crosshair' : '';
  }

  project(at: Vec3): readonly [number, number] | null {
    const p = this.view.project(at);
    return p ? [p[0], p[1]] : null;
  }

  ground(x: number, y: number): number | null {
    return this.stage?.index.height(x, y) ?? null;
  }

  strataAt(x: number, y: number): StrataColumn | null {
    const model = this.stage?.strata?.model;
    if (!model) return null;
    const { top, bottoms, water } = model.column(x, y);
    const layers = model.layers.map(({ id }, k) => ({ id, top: bottoms[k - 1] ?? top, bottom: bottoms[k] ?? top }));
    return { ground: top, layers, water: water > NO_WATER ? water : null };
  }

  heading_deg(): number {
    const bearing = (this.controls.now.bearing * 180) / Math.PI + (this.doc?.crs.convergence_deg ?? 0);
    return ((-bearing % 360) + 360) % 360;
  }

  metresPerPixel(): number {
    const height = Math.max(1, this.canvas.clientHeight);
    return (2 * this.lens().tan * this.controls.now.distance) / height;
  }

  resize(): void {
    const [width, height] = [Math.max(1, this.canvas.clientWidth), Math.max(1, this.canvas.clientHeight)];
    const ratio = Math.min(globalThis.devicePixelRatio || 1, this.options.pixelRatio ?? (this.tier === 'full' ? 2 : 1));
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.camera3.aspect = width / height;
    this.camera3.updateProjectionMatrix();
    const viewport = this.shared.viewport.value.set(this.canvas.width, this.canvas.height);
    this.stage?.plume.resize(viewport.x, viewport.y);
    this.stage?.waterPlume.resize(viewport.x, viewport.y);
    this.labels.remeasure();
    this.loop.invalidate();
  }

  painted(): Promise<void> {
    return this.loop.painted();
  }

  screenshot(): Promise<Blob> {
    this.draw(performance.now());
    return new Promise((resolve, reject) => {
      this.canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error('the canvas gave no picture'));
      }, 'image/png');
    });
  }

  stats(): WorldStats {
    return {
      tier: this.tier, frames: this.frames, lastFrameMs: this.lastFrameMs, triangles: this.triangles,
      plumeTime_ms: this.stage?.plume.time_ms ?? null,
    };
  }

  dispose(): void {
    this.observer.disconnect();
    this.controls.dispose();
    this.loop.stop();
    this.labels.dispose();
    for (const layer of this.stage?.layers.values() ?? []) layer.dispose();
    this.renderer.dispose();
  }

  private placed = false;
  private cutSide = 0;
  private lastCamera = '';

  private draw(now_ms: number): boolean {
    const started = performance.now();
    const moving = this.controls.update(now_ms);
    this.placeCamera();
    const { stage, renderer } = this;
    renderer.info.reset();
    renderer.setClearColor(0x0b2233, 1);
    if (stage) {
      if (stage.strata?.section) this.aimCut(stage);
      stage.strata?.setGrain(this.metresPerPixel());
      stage.backdrop.update(this.camera3);
      stage.plume.prepare(renderer, this.camera3, stage.world.matrixWorld);
      stage.waterPlume.prepare(renderer, this.camera3, stage.world.matrixWorld);
    }
    renderer.clear();
    if (stage) renderer.render(stage.scene, this.camera3);
    this.labels.update((at) => this.seen(at), this.canvas.clientWidth, this.canvas.clientHeight);
    this.frames++;
    this.triangles = renderer.info.render.triangles;
    this.lastFrameMs = performance.now() - started;
    if (!moving) this.tellCamera();
    return moving;
  }

  private flush(): void {
    const gl = this.renderer.getContext();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, this.pixel);
  }

  /** Sets the camera from the pose, lifted over the ground where it would sink into it. */
  private placeCamera(): void {
    const pose = this.controls.now;
    const eye = eyeOf(pose);
    const floor = this.floorAt(eye[0], eye[1]);
    const z = Math.max(eye[2], floor + CLEARANCE_M);
    this.camera3.position.set(eye[0], eye[1], z);
    this.camera3.lookAt(pose.target[0], pose.target[1], pose.target[2]);
    const near = Math.min(60, Math.max(1.5, Math.min(z - floor, pose.distance) * 0.12));
    if (Math.abs(near - this.camera3.near) > 0.1 * near) {
      this.camera3.near = near;
      this.camera3.updateProjectionMatrix();
    }
    this.camera3.updateMatrixWorld();
  }

  private floorAt(x: number, y: number): number {
    if (!this.heights || !this.stage) return -1e9;
    if (this.view.cutAway(x, y)) return shownHeight(this.shared, this.stage.base);
    const ground = sampleGrid(this.heights, 0, x, y, false);
    return Number.isFinite(ground) ? shownHeight(this.shared, ground) : shownHeight(this.shared, this.stage.base);
  }

  /** The side of the cut on which the eye stands is taken away; small moves over the line do not flip it. */
  private aimCut(stage: Stage): void {
    const chord = stage.strata?.section;
    if (!chord) return;
    const [[ax, ay], [bx, by]] = chord;
    const length = Math.hypot(bx - ax, by - ay);
    const [nx, ny] = [(by - ay) / length, -(bx - ax) / length];
    const eye = eyeOf(this.controls.now);
    const ahead = nx * (eye[0] - ax) + ny * (eye[1] - ay);
    const side = Math.abs(ahead) < 25 && this.cutSide !== 0 ? this.cutSide : Math.sign(ahead) || 1;
    const c = -(nx * ax + ny * ay);
    const before = this.shared.cut.value;
    if (side === this.cutSide && before.x === nx * side && before.y === ny * side && before.z === c * side) return;
    this.cutSide = side;
    before.set(nx * side, ny * side, c * side, 1);
    stage.wells.setCut({ nx: nx * side, ny: ny * side, c: c * side });
  }

  private tellCamera(): void {
    const state = this.camera();
    const text = JSON.stringify(state);
    if (text === this.lastCamera) return;
    this.lastCamera = text;
    for (const listener of this.cameraListeners) listener(state);
  }

  private lens(): Lens {
    return { tan: Math.tan((OPENING_DEG * Math.PI) / 360), aspect: this.camera3.aspect };
  }

  private bounds(): readonly [number, number, number, number, number] {
    const [x0, y0, x1, y1] = this.doc?.extent ?? [-1e4, -1e4, 1e4, 1e4];
    return [x0, y0, x1, y1, Math.hypot(x1 - x0, y1 - y0) * 1.6];
  }

  /** Outlines of all active areas on the ground, in true metres; without areas the whole extent. */
  private outlines(doc: SceneDoc): Vec3[][] {
    const rings = doc.areas.filter((area) => area.active !== false).map((area) => area.ring);
    const [x0, y0, x1, y1] = doc.extent;
    const whole = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]] as const;
    const ground = (x: number, y: number): number => (this.heights ? sampleGrid(this.heights, 0, x, y) : 0);
    return (rings.length > 0 ? rings : [whole]).map((ring) => ring.map(([x, y]): Vec3 => [x, y, ground(x, y)]));
  }

  private overviewPose(doc: SceneDoc): Pose {
    const rings = this.outlines(doc).map((ring) => ring.map(([x, y, z]): Vec3 => [x, y, shownHeight(this.shared, z)]));
    return bestView(rings, this.lens(), OVERVIEW_WINDOW);
  }

  /** Mean level of the areas: heights are exaggerated from there. */
  private pivotOf(doc: SceneDoc): number {
    const levels = this.outlines(doc).flat().map((p) => p[2]).filter(Number.isFinite);
    return levels.length > 0 ? levels.reduce((sum, z) => sum + z, 0) / levels.length : doc.z_range[0];
  }

  private applyExaggeration(): void {
    const { stage, shared } = this;
    if (!stage) return;
    const factor = shared.exaggeration.value;
    stage.world.scale.z = factor;
    stage.world.position.z = shared.pivot * (1 - factor);
    stage.world.updateMatrixWorld(true);
    stage.backdrop.setFloor(shownHeight(shared, stage.base));
    this.loop.invalidate();
  }

  private applyLayer(id: LayerId, visible: boolean, opacity: number): void {
    if (id === 'labels') this.labels.setVisible(visible, opacity);
    else this.stage?.layers.get(id)?.setVisible(visible, opacity);
    this.openGround();
  }

  /** One sees into the ground where it is thin or gone; through a cut too, where no face stands in the way. */
  private openGround(): void {
    const [ground, strata] = [this.layerState.get('terrain'), this.layerState.get('strata')];
    const seeThrough = ground !== undefined && (!ground.visible || ground.opacity < 0.995);
    const faceless = strata !== undefined && (!strata.visible || strata.opacity < 0.995);
    this.stage?.waterTable.setOpen(seeThrough);
    this.stage?.waterPlume.setOpen(seeThrough || (this.shared.cut.value.w > 0 && faceless));
  }

  private shown(id: LayerId): boolean {
    return this.layerState.get(id)?.visible ?? true;
  }

  /** Acts on the stage now, and, for `key`, again on every stage that is loaded later. */
  private change(act: (stage: Stage) => void, key = ''): void {
    if (key) this.wanted.set(key, act);
    if (!this.stage) return;
    act(this.stage);
    this.loop.invalidate();
  }

  private markBeams(stage: Stage): void {
    const ids = this.chosen.kind === 'beam' ? [this.chosen.id] : [];
    const [kind, id] = this.pointed.split('\n');
    if (kind === 'beam' && id) ids.push(id);
    stage.beams.setMarked(ids);
  }

  private rayAt(x: number, y: number): Ray {
    const { camera3, scratch, shared } = this;
    scratch.set((x / this.canvas.clientWidth) * 2 - 1, 1 - (y / this.canvas.clientHeight) * 2, 0.5).unproject(camera3);
    const eye = camera3.position;
    const d = scratch.sub(eye).normalize();
    const factor = shared.exaggeration.value;
    return { origin: [eye.x, eye.y, trueHeight(shared, eye.z)], direction: [d.x, d.y, d.z / factor] };
  }

  private pickView(): PickView {
    const { shared } = this;
    const world = this;
    return {
      shown: (id) => this.shown(id),
      project: ([x, y, z]) => this.projectWithDepth(x, y, z),
      cutAway: (x, y) => shared.cut.value.w > 0 && shared.cut.value.x * x + shared.cut.value.y * y + shared.cut.value.z > 0.01,
      sectionHit: (ray) => this.sectionHit(ray),
      stratumAt: (x, y, z) => {
        const model = this.stage?.strata?.model;
        return model?.layers[model.layerAt(x, y, z)]?.id ?? '';
      },
      underground: (x, y) => this.stage?.wells.place(x, y) ?? null,
      get open() { return shared.cut.value.w > 0 || !world.view.solidGround; },
      get solidGround() {
        const state = world.layerState.get('terrain');
        return !state || (state.visible && state.opacity > 0.75);
      },
    };
  }

  private projectWithDepth(x: number, y: number, z: number): readonly [number, number, number] | null {
    const p = this.scratch.set(x, y, shownHeight(this.shared, z));
    const depth = p.distanceTo(this.camera3.position);
    p.applyMatrix4(this.camera3.matrixWorldInverse);
    if (p.z > -this.camera3.near) return null;
    p.applyMatrix4(this.camera3.projectionMatrix);
    return [((p.x + 1) / 2) * this.canvas.clientWidth, ((1 - p.y) / 2) * this.canvas.clientHeight, depth];
  }

  private sectionHit(ray: Ray): number | null {
    const cut = this.shared.cut.value;
    const model = this.stage?.strata?.model;
    if (cut.w === 0 || !model || !this.doc || !this.shown('strata')) return null;
    const speed = cut.x * ray.direction[0] + cut.y * ray.direction[1];
    const t = -(cut.x * ray.origin[0] + cut.y * ray.origin[1] + cut.z) / speed;
    if (!(t > 0)) return null;
    const at = [0, 1, 2].map((i) => (ray.origin[i] ?? 0) + (ray.direction[i] ?? 0) * t) as [number, number, number];
    const [x0, y0, x1, y1] = this.doc.extent;
    if (at[0] < x0 || at[0] > x1 || at[1] < y0 || at[1] > y1 || at[2] < model.base) return null;
    return at[2] <= (this.ground(at[0], at[1]) ?? -Infinity) ? t : null;
  }

  /** Pixel of a label's place, null when it is off the picture, cut away, or behind a hill. */
  private seen(at: Vec3): readonly [number, number] | null {
    let [x, y] = at;
    if (this.view.cutAway(x, y)) {
      const moved = this.stage?.wells.place(x, y);
      if (!moved) return null;
      [x, y] = moved;
    }
    const p = this.projectWithDepth(x, y, at[2]);
    if (!p || !this.heights || p[0] < 0 || p[1] < 0 || p[0] > this.canvas.clientWidth || p[1] > this.canvas.clientHeight) return null;
    const eye = this.camera3.position;
    const [z0, z1] = [trueHeight(this.shared, eye.z), at[2] + 2];
    for (let i = 1; i < 40; i++) {
      const s = i / 41;
      const [px, py] = [eye.x + (x - eye.x) * s, eye.y + (y - eye.y) * s];
      if (this.view.cutAway(px, py)) continue;
      const ground = sampleGrid(this.heights, 0, px, py, false);
      if (ground > z0 + (z1 - z0) * s + 4 && this.view.solidGround) return null;
    }
    return [p[0], p[1]];
  }

  /** Place in drawn metres under a pixel: the ground, else the level of the target. */
  private placeAt(x: number, y: number): Vec3 {
    const ray = this.rayAt(x, y);
    const hit = this.picker?.groundHit(ray, this.view);
    if (hit) return [hit.at[0], hit.at[1], shownHeight(this.shared, hit.at[2])];
    const pose = this.controls.now;
    const eye = this.camera3.position;
    const dz = ray.direction[2] * this.shared.exaggeration.value;
    const t = dz < -1e-3 ? Math.min((pose.target[2] - eye.z) / dz, pose.distance * 3) : pose.distance;
    return [eye.x + ray.direction[0] * t, eye.y + ray.direction[1] * t, eye.z + dz * t];
  }

  private pickAt(x: number, y: number): Pick | null {
    const hit = this.picker?.pick(this.rayAt(x, y), x, y, this.view);
    return hit ? { kind: hit.kind, id: hit.id, at: hit.at, screen: [x, y] } : null;
  }

  private click(x: number, y: number): void {
    this.canvas.focus({ preventScroll: true });
    const pick = this.pickAt(x, y);
    if (this.stage?.measure.active) {
      if (pick) this.change((stage) => { stage.measure.add(pick.at); });
      return;
    }
    for (const listener of this.pickListeners) listener(pick);
  }

  private doubleClick(x: number, y: number): void {
    if (this.stage?.measure.active) {
      this.change((stage) => { stage.measure.finish(); });
      return;
    }
    const place = this.placeAt(x, y);
    const pose = this.controls.goalPose;
    this.controls.fly({ ...pose, target: [...place], distance: pose.distance * 0.5 }, 700);
  }

  private key(key: string): boolean {
    const measure = this.stage?.measure;
    if (!measure?.active) return false;
    if (key === 'Enter') measure.finish();
    else if (key === 'Backspace') measure.undo();
    else return false;
    this.loop.invalidate();
    return true;
  }

  /** Looks under the pointer at most once in a screen refresh; draws only when that changed. */
  private hover(x: number, y: number): void {
    const waiting = this.pointer !== null;
    this.pointer = [x, y];
    if (waiting) return;
    requestAnimationFrame(() => {
      const at = this.pointer;
      this.pointer = null;
      if (!at || this.controls.dragging) return;
      const pick = this.pickAt(...at);
      if (this.stage?.measure.active) this.change((stage) => { stage.measure.preview(pick?.at ?? null); });
      else this.setPointed(pick);
    });
  }

  private setPointed(pick: Pick | null): void {
    for (const listener of this.hoverListeners) listener(pick);
    const small = pick && !['terrain', 'section', 'area'].includes(pick.kind);
    const text = small ? `${pick.kind}\n${pick.id}` : '';
    if (text === this.pointed) return;
    this.pointed = text;
    this.canvas.style.cursor = text ? 'pointer' : '';
    this.change((stage) => {
      stage.pointed.show(small ? pick.kind : null, pick?.id ?? '');
      this.markBeams(stage);
    });
  }
}

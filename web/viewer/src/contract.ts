/**
 * The seam between the 3D world (scene/, layers/) and everything else (stores/, ui/, modes/).
 * Units are SI and metres in the park's local frame; times are epoch milliseconds.
 */

export type Vec3 = readonly [number, number, number];
export type Language = 'zh' | 'en';
export type Origin = 'measured' | 'modelled' | 'simulated' | 'exercise';
export type Quality = 'good' | 'doubtful' | 'not_measuring' | 'missing';
export type Tier = 'lite' | 'full';

/** Layers that the layer tree shows, from the top of the tree down. */
export const LAYER_IDS = [
  'terrain', 'areas', 'plots', 'roads', 'waters', 'buildings', 'tanks', 'units', 'settlements',
  'stations', 'beams', 'wind', 'plume', 'wells', 'strata', 'watertable', 'waterplume', 'fronts', 'labels', 'grid',
] as const;
export type LayerId = (typeof LAYER_IDS)[number];

/** A label that stands in the scene. The text is ready to show (value, unit and age). */
export interface WorldLabel {
  readonly id: string;
  readonly at: Vec3;
  readonly lines: readonly string[];
  readonly tone: 'normal' | 'level1' | 'level2' | 'level3' | 'stale' | 'doubtful';
  /** Higher wins where labels would overlap. */
  readonly priority: number;
  /** Written flat on the place itself, without a stem: names of layers on a cut face. */
  readonly flat?: boolean;
}

/** A map that lies on the ground: `codes` x fastest from the south-west, 0 = nothing to show. */
export interface MapSheet {
  readonly nx: number;
  readonly ny: number;
  readonly corner: readonly [number, number];
  readonly step: readonly [number, number];
  /** What codes 1 and 255 mean, logarithmic between: kg/m3, or a chance (0 to 1). */
  readonly low: number;
  readonly high: number;
  readonly chance: boolean;
  readonly codes: Uint8Array<ArrayBuffer>;
}

/** Closed rings in local metres; inside where an odd number of them goes round. */
export type AreaRings = readonly (readonly (readonly [number, number])[])[];

/** What is drawn flat on the ground: areas under a field of colours, lines over both. */
export interface GroundDrawing {
  readonly areas: readonly { readonly rings: AreaRings; readonly colour: string; readonly alpha: number; readonly hatched: boolean }[];
  /** Colours of cells from the south-west, x fastest, four bytes each. */
  readonly field: {
    readonly nx: number; readonly ny: number; readonly corner: readonly [number, number]; readonly step: readonly [number, number];
    readonly rgba: Uint8ClampedArray<ArrayBuffer>;
  } | null;
  readonly lines: readonly {
    readonly points: readonly (readonly [number, number])[]; readonly closed: boolean; readonly colour: number; readonly alpha: number;
    /** Least width in pixels; length of dash and gap in metres, 0 = unbroken. */
    readonly width_px: number; readonly dash_m: number;
  }[];
}

/** What the ends of the groundwater's ramp mean, logarithmic between, and the limit that is drawn as a line; kg/m3. */
export interface WaterScale {
  readonly low: number;
  readonly high: number;
  readonly limit: number | null;
}

/** A rectangle over the picture in CSS pixels: left, top, right, bottom. */
export type Rect = readonly [number, number, number, number];

/** The layered ground at one place, from the ground down; heights in local metres. */
export interface StrataColumn {
  readonly ground: number;
  readonly layers: readonly { readonly id: string; readonly top: number; readonly bottom: number }[];
  /** Null where no water table is known. */
  readonly water: number | null;
}

/** How one beam looks now: `level` 0..1 on the colour ramp, null = no usable value. */
export interface BeamLook {
  readonly id: string;
  readonly level: number | null;
  readonly stale: boolean;
}

/** Wind at a station; direction FROM, clockwise from true north. */
export interface WindLook {
  readonly id: string;
  readonly at: Vec3;
  readonly speed_m_s: number;
  readonly from_deg: number;
  readonly stale: boolean;
}

export interface CameraState {
  readonly target: Vec3;
  readonly position: Vec3;
}

/** A vertical cut from a to b (local metres). Terrain on the viewer's side is taken away. */
export interface SectionCut {
  readonly a: readonly [number, number];
  readonly b: readonly [number, number];
}

export interface Pick {
  readonly kind:
    | 'beam' | 'station' | 'well' | 'tank' | 'unit' | 'building' | 'area' | 'plot' | 'road' | 'water'
    | 'settlement' | 'terrain' | 'section' | 'borehole';
  readonly id: string;
  readonly at: Vec3;
  /** Pixel in the canvas, for pop-ups. */
  readonly screen: readonly [number, number];
}

export type MeasureKind = 'distance' | 'area' | 'height';
export interface MeasureResult {
  readonly kind: MeasureKind;
  readonly points: readonly Vec3[];
  /** Metres or square metres: horizontal length, area, or height difference. */
  readonly value: number;
  /** Length along the slope for `distance`. */
  readonly slope_m?: number;
  readonly done: boolean;
}

export interface WorldStats {
  readonly tier: Tier;
  readonly frames: number;
  readonly lastFrameMs: number;
  readonly plumeTime_ms: number | null;
  readonly triangles: number;
}

/** The 3D world. It never fetches by itself except through `load` and draws only on change. */
export interface World {
  /** Fetches the files named in scene.json under `base` and builds all standing layers. */
  load(base: string, scene: unknown, progress: (done: number, total: number) => void): Promise<void>;
  setLayer(id: LayerId, visible: boolean, opacity: number): void;
  setBeams(looks: readonly BeamLook[]): void;
  setWind(looks: readonly WindLook[]): void;
  setLabels(labels: readonly WorldLabel[]): void;
  /** What lies over the picture; labels stay clear of it. */
  setObstacles(rects: readonly Rect[]): void;
  /** Raw .twv bytes, or null to take the plume away. */
  setPlume(bytes: ArrayBuffer | null): void;
  /** A sheet painted on the ground: gas as it is, or the chance of what may come. */
  setGroundMap(sheet: MapSheet | null): void;
  /** Areas, lines and a field that lie on the ground, or null. */
  setDrawing(drawing: GroundDrawing | null): void;
  /** What is dissolved in the groundwater (.twv of depths below the ground), in the ground and on the face of a cut. */
  setWaterPlume(bytes: ArrayBuffer | null, scale: WaterScale): void;
  /** Colours 0xrrggbb of wells by id; the others keep their own. */
  setWellTones(tones: ReadonlyMap<string, number>): void;
  /** Raw .twg bytes, or null. */
  setWaterTable(bytes: ArrayBuffer | null): void;
  setSection(cut: SectionCut | null): void;
  setExaggeration(factor: number): void;
  setSelected(kind: Pick['kind'] | null, id: string): void;
  camera(): CameraState;
  /** A view of the whole park that suits the shape of the picture. */
  overview(): CameraState;
  setCamera(state: CameraState, animate: boolean): void;
  onCamera(listener: (state: CameraState) => void): void;
  onPick(listener: (pick: Pick | null) => void): void;
  onHover(listener: (pick: Pick | null) => void): void;
  measure(kind: MeasureKind | null, listener: (result: MeasureResult) => void): void;
  /** Screen pixel of a place, null when behind the camera. */
  project(at: Vec3): readonly [number, number] | null;
  /** Height of the ground, metres in the local frame. */
  ground(x: number, y: number): number | null;
  /** Layers below a place, null where there is no model of the ground. */
  strataAt(x: number, y: number): StrataColumn | null;
  /** Compass: degrees that true north is turned clockwise from up on the screen. */
  heading_deg(): number;
  /** Horizontal metres per CSS pixel at the camera's target, for the scale bar. */
  metresPerPixel(): number;
  resize(): void;
  /** Resolves after the next drawn frame. */
  painted(): Promise<void>;
  screenshot(): Promise<Blob>;
  stats(): WorldStats;
  dispose(): void;
}

/** Colour ramp shared by beams, plume and legend: 0..1 to sRGB hex. */
export const RAMP = ['#2b6bd6', '#18b3c9', '#3fd17a', '#ffe14a', '#ff8a2a', '#ff2d2d'] as const;

/**
 * What the two ends of the ramp mean for gas in air, kg/m3, on a logarithmic scale: 0.01 to 100 mg/m3.
 * Beams, plume and legend share it, so that one colour is one concentration everywhere.
 */
export const RAMP_RANGE_KG_M3 = [1e-8, 1e-4] as const;

/** Colours of what is dissolved in the groundwater: none of them is one of the air's. */
export const WATER_RAMP = ['#5b1f7d', '#9c2492', '#dd3a93', '#ff74ad', '#ffb3d0', '#fff0f6'] as const;

/** All stores of the page: what sources write and what the user interface and the 3D world read. */

import type { CameraState, LayerId, Pick, SectionCut } from '../contract';
import { LAYER_IDS } from '../contract';
import type { Language } from '../contract';
import type { ParkInfo, Plume, SightRow, Span, StrataReport } from '../wire';
import { airStores, type AirStores } from './air';
import { downwind, exposed, meanWind, winds, type Exposed, type InTheWay, type Wind } from './downwind';
import { overall, readAll, standingByBeam, type Overall, type Reading } from './readings';
import { gases, type SceneIndex } from './scene_index';
import { computed, signal, type Readable, type Signal } from './signal';
import { EMPTY, type Snapshot } from './snapshot';
import type { Volume } from './volume';
import type { WaterHeard } from '../wire_water';
import { waterStores, type WaterStores } from './water';

export type Mode = 'wall' | 'desk';
export type LinkState = 'connecting' | 'live' | 'lost';

export interface Link {
  readonly state: LinkState;
  /** Since when, epoch ms of this machine. */
  readonly since_ms: number;
  readonly error: { readonly zh: string; readonly en: string } | null;
}

export interface LayerLook {
  readonly visible: boolean;
  readonly opacity: number;
}

export interface Selected {
  readonly kind: Pick['kind'];
  readonly id: string;
}

export interface ShownPlume {
  readonly plume: Plume;
  readonly bytes: ArrayBuffer;
  readonly volume: Volume | null;
}

export interface Replay {
  readonly at: number;
  readonly playing: boolean;
}

export const SPEEDS = [1, 10, 60, 300, 600] as const;
export const WINDOWS_H = [1, 6, 24, 168] as const;

export type Tool = 'layers' | 'section' | 'measure' | 'bookmarks' | 'help' | null;

/** Layers that are off until asked for. */
const OFF_AT_FIRST: readonly LayerId[] = [];

export function firstLayers(): ReadonlyMap<LayerId, LayerLook> {
  return new Map(LAYER_IDS.map((id) => [id, { visible: !OFF_AT_FIRST.includes(id), opacity: 1 }]));
}

function viewStores() {
  return {
    language: signal<Language>('zh'),
    mode: signal<Mode>('desk'),
    layers: signal(firstLayers()),
    selected: signal<Selected | null>(null),
    section: signal<SectionCut | null>(null),
    exaggeration: signal(1),
    camera: signal<CameraState | null>(null),
    heading_deg: signal(0),
    metresPerPixel: signal(1),
    /** Substance that beams and plume show; null = the worst of every beam, and the worst plume. */
    substance: signal<string | null>(null),
    tool: signal<Tool>(null),
    window_h: signal<number>(6),
    speed: signal<number>(60),
    loop: signal(false),
  };
}

export type ViewStores = ReturnType<typeof viewStores>;

export interface Stores extends ViewStores {
  readonly park: Signal<ParkInfo | null>;
  readonly scene: Signal<SceneIndex | null>;
  readonly link: Signal<Link>;
  readonly fatal: Signal<{ readonly zh: string; readonly en: string } | null>;
  readonly progress: Signal<number>;
  readonly drawn: Signal<boolean>;
  /** The browser cannot draw in 3D; the panels go on without. */
  readonly noPicture: Signal<boolean>;
  /** Server clock minus this machine's clock, ms. */
  readonly offset_ms: Signal<number>;
  /** Server time, moved on once a second. */
  readonly tick_ms: Signal<number>;
  readonly live: Signal<Snapshot>;
  readonly past: Signal<Snapshot | null>;
  readonly replay: Signal<Replay | null>;
  readonly span: Signal<Span>;
  readonly frame: Signal<ShownPlume | null>;
  readonly waterTable: Signal<ArrayBuffer | null>;
  readonly sight: Signal<readonly SightRow[] | null>;
  readonly strata: Signal<StrataReport | null>;
  readonly air: AirStores;
  readonly water: WaterStores;
  /** Newest word of the stream on the groundwater; what it names is fetched. */
  readonly waterHeard: Signal<WaterHeard | null>;

  readonly shown: Readable<Snapshot>;
  /** Moment that is shown: server time, or the replay's time. */
  readonly now_ms: Readable<number>;
  /** The same, moved on every ten seconds; for what costs a drawn frame. */
  readonly coarse_ms: Readable<number>;
  readonly readings: Readable<readonly Reading[]>;
  readonly byBeam: Readable<ReadonlyMap<string, Reading>>;
  readonly overall: Readable<Overall>;
  readonly winds: Readable<readonly Wind[]>;
  readonly plume: Readable<Plume | null>;
  readonly exposed: Readable<readonly Exposed[]>;
  readonly inTheWay: Readable<readonly InTheWay[]>;
}

const COARSE_MS = 10_000;

/** The plume to show: of the chosen substance, else of the worst beam's, else the newest. */
export function choosePlume(shown: Snapshot, wanted: string | null, worst: Reading | null): Plume | null {
  const plumes = [...shown.plumes.values()];
  return (wanted ? shown.plumes.get(wanted) : undefined)
    ?? (worst && worst.level > 0 ? shown.plumes.get(worst.substance) : undefined)
    ?? plumes.sort((a, b) => b.max_kg_m3 - a.max_kg_m3)[0]
    ?? null;
}

function baseStores() {
  return {
    ...viewStores(),
    park: signal<ParkInfo | null>(null),
    scene: signal<SceneIndex | null>(null),
    link: signal<Link>({ state: 'connecting', since_ms: Date.now(), error: null }),
    fatal: signal<{ zh: string; en: string } | null>(null),
    progress: signal(0),
    drawn: signal(false),
    noPicture: signal(false),
    offset_ms: signal(0),
    tick_ms: signal(Date.now()),
    live: signal<Snapshot>(EMPTY),
    past: signal<Snapshot | null>(null),
    replay: signal<Replay | null>(null),
    span: signal<Span>({ from_ms: null, to_ms: null }),
    frame: signal<ShownPlume | null>(null),
    waterTable: signal<ArrayBuffer | null>(null),
    sight: signal<readonly SightRow[] | null>(null),
    strata: signal<StrataReport | null>(null),
    air: airStores(),
    water: waterStores(),
    waterHeard: signal<WaterHeard | null>(null),
  };
}

function derived(base: ReturnType<typeof baseStores>) {
  const shown = computed<Snapshot>(() => (base.replay.get() ? (base.past.get() ?? EMPTY) : base.live.get()));
  const now_ms = computed<number>(() => {
    const replay = base.replay.get();
    if (replay) return base.past.get()?.at ?? replay.at;
    return Math.max(base.tick_ms.get(), base.live.get().data_ms ?? 0);
  });
  const readings = computed<readonly Reading[]>(() => {
    const index = base.scene.get();
    return index ? readAll(index, shown.get().values, now_ms.get()) : [];
  });
  const total = computed(() => overall(readings.get()));
  const wind = computed<readonly Wind[]>(() => {
    const index = base.scene.get();
    return index ? winds(index, shown.get().values, now_ms.get()) : [];
  });
  return {
    shown, now_ms, readings, winds: wind,
    byBeam: computed(() => {
      const wanted = base.substance.get();
      const rows = readings.get();
      const own = wanted === null ? rows : rows.filter((row) => row.substance === wanted);
      return standingByBeam(own.length > 0 ? own : rows, base.scene.get()?.scene.substances.map((row) => row.id) ?? []);
    }),
    overall: total,
    plume: computed(() => choosePlume(shown.get(), base.substance.get(), total.get().worst)),
    exposed: computed(() => {
      const index = base.scene.get();
      const volume = base.frame.get()?.volume;
      return index && volume ? exposed(index.scene, volume) : [];
    }),
    inTheWay: computed(() => inTheWay(base.scene.get(), total.get(), wind.get())),
  };
}

function inTheWay(index: SceneIndex | null, total: Overall, rows: readonly Wind[]): readonly InTheWay[] {
  const wind = meanWind(rows);
  if (!index || !wind || total.level < 1 || !total.worst) return [];
  const place = index.places.get(total.worst.sensor);
  return place ? downwind(index.scene, place, wind) : [];
}

export function makeStores(): Stores {
  const base = baseStores();
  const more = derived(base);
  return {
    ...base,
    ...more,
    coarse_ms: computed(() => Math.floor(more.now_ms.get() / COARSE_MS) * COARSE_MS),
  };
}

/** Substances that can be chosen: those of plumes and beams. */
export function substances(stores: Stores): readonly string[] {
  const index = stores.scene.get();
  const found = new Set(index ? gases(index) : []);
  for (const substance of stores.shown.get().plumes.keys()) found.add(substance);
  return [...found];
}

/** What panels are given: the stores to read, and the few things that they may set off. */

import type { Pick, Vec3, World } from '../contract';
import type { Readable } from '../stores/signal';
import type { Selected, Stores } from '../stores/stores';
import type { Series, Step } from '../wire';
import type { WaterNow } from '../wire_water';
import type { AirCurves, PredictedBeams, SpreadCourse, WindRose } from '../wire_air';

export interface Actions {
  select(selected: Selected | null): void;
  /** Selects an object and flies to it. */
  flyTo(kind: Pick['kind'], id: string): void;
  lookAt(target: Vec3, position: Vec3): void;
  /** Goes to a view of the scene, drawn back on narrow pictures; the overview suits every picture. */
  showBookmark(id: string, target: Vec3, position: Vec3): void;
  /** Stands before the section cut. */
  showSection(): void;
  home(): void;
  northUp(): void;
  goLive(): void;
  seek(at_ms: number): void;
  step(direction: -1 | 1): void;
  togglePlay(): void;
  fullscreen(): void;
  setMode(mode: 'wall' | 'desk'): void;
  setLanguage(language: 'zh' | 'en'): void;
  picture(): void;
  share(): Promise<boolean>;
  retry(): void;
}

/** What the models said over a span of time; asked for when it is looked at. */
export interface AirCourses {
  predicted(substance: string, from: number, to: number): Promise<PredictedBeams>;
  spread(substance: string, from: number, to: number): Promise<SpreadCourse>;
  curves(substance: string, from: number, to: number): Promise<AirCurves>;
  rose(from: number, to: number): Promise<WindRose>;
  waterNowcasts(span: readonly [number, number] | null): Promise<readonly WaterNow[]>;
}

/** Screens of the groundwater, whose code comes after the first picture. */
export interface WaterScreens {
  /** What stands in its panel; `open` names the part that is open at first. */
  body(ctx: Context, open: string): HTMLElement;
  /** Legend and moment over the picture. */
  dock(ctx: Context): HTMLElement;
  badge(ctx: Context): HTMLElement;
  /** The worst warning, in the situation panel. */
  alert(ctx: Context): HTMLElement;
  /** The same over the picture, where it asks for response I or II. */
  banner(ctx: Context): HTMLElement;
}

export interface Context {
  readonly stores: Stores;
  readonly world: Readable<World | null>;
  readonly actions: Actions;
  readonly courses: AirCourses;
  readonly water: Readable<WaterScreens | null>;
  series(key: string, from: number, to: number, step: Step): Promise<Series>;
}

/** What the page knows of the groundwater and what of it is shown. What is made of it lies in water_facts.ts, fetched later. */

import type { WorldLabel } from '../contract';
import type { Grid } from '../formats/grid';
import type { WaterComparison, WaterNow, WaterVolume, WaterWarning } from '../wire_water';
import { signal, type Signal } from './signal';

/** A map of the ground under the fronts. */
export type WaterField = 'none' | 'drawdown' | 'head';

export interface ShownDissolved {
  readonly volume: Pick<WaterVolume, 'url' | 'lead_s'>;
  readonly bytes: ArrayBuffer;
}

export interface WaterStores {
  /** Newest, of now or of the replayed moment. */
  readonly now: Signal<WaterNow | null>;
  readonly comparisons: Signal<readonly WaterComparison[]>;
  /** Oldest first. */
  readonly warnings: Signal<readonly WaterWarning[]>;
  /** Chosen substance; null = the one that matters most. */
  readonly substance: Signal<string | null>;
  /** How far ahead front, body and section are shown; 0 = now. */
  readonly lead_s: Signal<number>;
  readonly field: Signal<WaterField>;
  readonly flow: Signal<boolean>;
  /** Fronts and targets on the ground. */
  readonly fronts: Signal<boolean>;
  /** The upper end of the band instead of the median, in the ground and on the section. */
  readonly upper: Signal<boolean>;
  /** Option of the newest comparison that is shown beside doing nothing; null = no comparison is shown. */
  readonly remedy: Signal<string | null>;
  /** Whether the remedies of what-if exercises are looked at instead of those of what is. */
  readonly exercise: Signal<boolean>;
  /** While a remedy is compared: whether ground and section show what would be if nothing were done. */
  readonly before: Signal<boolean>;
  readonly dissolved: Signal<ShownDissolved | null>;
  readonly grid: Signal<Grid | null>;
  readonly labels: Signal<readonly WorldLabel[]>;
}

export function waterStores(): WaterStores {
  return {
    now: signal<WaterNow | null>(null),
    comparisons: signal<readonly WaterComparison[]>([]),
    warnings: signal<readonly WaterWarning[]>([]),
    substance: signal<string | null>(null),
    lead_s: signal(0),
    field: signal<WaterField>('none'),
    flow: signal(false),
    fronts: signal(true),
    upper: signal(false),
    remedy: signal<string | null>(null),
    exercise: signal(false),
    before: signal(false),
    dissolved: signal<ShownDissolved | null>(null),
    grid: signal<Grid | null>(null),
    labels: signal<readonly WorldLabel[]>([]),
  };
}

/** Whether what is shown of the groundwater is none of now. */
export function waterAhead(water: WaterStores): boolean {
  return water.now.get() !== null && water.lead_s.get() > 0;
}

/** What stands: of every subject the newest warning, but for those that have ended; newest first. */
export function standing(warnings: readonly WaterWarning[]): readonly WaterWarning[] {
  const newest = new Map<string, WaterWarning>();
  for (const row of warnings) {
    if (row.exercise) continue;
    const key = `${row.subject} ${row.substance}`;
    const held = newest.get(key);
    if (!held || held.t <= row.t) newest.set(key, row);
  }
  return [...newest.values()].filter((row) => row.state !== 'ended').sort((a, b) => b.t - a.t);
}

export type WaterResponse = 'I' | 'II' | 'III';

/** Level of the headline that a response stands for. */
export const RESPONSE_LEVELS: Readonly<Record<WaterResponse, number>> = { I: 3, II: 2, III: 1 };

/** The gravest response that stands; null when none is asked for. */
export function standingResponse(warnings: readonly WaterWarning[]): WaterResponse | null {
  const rows = standing(warnings);
  return (['I', 'II', 'III'] as const).find((one) => rows.some((row) => row.response === one)) ?? null;
}

/** The stretch of time that slider and curves show. */

import type { Stores } from './stores';

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const LEAST_MS = 60_000;

/** The chosen window back from the newest moment, cut to what is stored. */
export function stretch(stored_from: number | null, newest: number, window_h: number): Stretch {
  const from = Math.max(newest - window_h * 3_600_000, stored_from ?? newest - LEAST_MS);
  return { from: Math.min(from, newest - LEAST_MS), to: newest };
}

/** The stretch now; an effect that reads it is told when it moves. */
export function span(stores: Stores): Stretch {
  const stored = stores.span.get();
  const newest = Math.max(stored.to_ms ?? 0, stores.live.get().data_ms ?? 0);
  return stretch(stored.from_ms, newest > 0 ? newest : stores.tick_ms.get(), stores.window_h.get());
}

/** Next moment of a replay: on, round to the start, or null at the end. */
export function nextMoment(at: number, step_ms: number, loop: boolean, { from, to }: Stretch): number | null {
  const next = at + step_ms;
  if (next < to) return next;
  return loop ? from : null;
}

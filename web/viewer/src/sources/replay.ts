/** Fills the past store while the time slider is not at "live": the state at a moment, as often as asked. */

import { effect, untracked } from '../stores/signal';
import { fromState } from '../stores/snapshot';
import type { Stores } from '../stores/stores';
import type { Api } from './api';

const STEP_MS = 200;

export class Replayer {
  private asked: number | null = null;
  private busy = false;
  private last_ms = 0;

  constructor(private readonly stores: Stores, private readonly api: Pick<Api, 'state'>) {}

  start(): void {
    effect(() => {
      const replay = this.stores.replay.get();
      if (!replay) {
        this.asked = null;
        untracked(() => this.stores.past.set(null));
        return;
      }
      this.asked = Math.round(replay.at);
      void this.work();
    });
    setInterval(() => this.advance(), STEP_MS);
  }

  /** Fetches the newest wish only; wishes that came while one was under way are skipped. */
  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.asked !== null) {
        const at = this.asked;
        const state = await this.api.state(at).catch(() => null);
        if (this.stores.replay.peek() === null) break;
        if (state) this.stores.past.set({ ...fromState(state), at });
        if (this.asked === at) this.asked = null;
      }
    } finally {
      this.busy = false;
    }
  }

  private advance(): void {
    const now = performance.now();
    const passed_ms = this.last_ms === 0 ? 0 : Math.min(1000, now - this.last_ms);
    this.last_ms = now;
    const replay = this.stores.replay.peek();
    if (!replay?.playing) return;
    const next = nextMoment(replay.at, passed_ms * replay.speed, replay.loop, range(this.stores));
    if (next === null) this.stores.replay.set({ ...replay, playing: false });
    else this.stores.replay.set({ ...replay, at: next });
  }
}

/** From and to of the time slider: the chosen window back from the newest moment, within what is stored. */
export function range(stores: Stores): { from: number; to: number } {
  const span = stores.span.peek();
  const to = Math.max(span.to_ms ?? 0, stores.live.peek().data_ms ?? 0);
  const newest = to > 0 ? to : stores.tick_ms.peek();
  const window_ms = stores.window_h.peek() * 3_600_000;
  return { from: Math.max(newest - window_ms, Math.min(span.from_ms ?? newest, newest - 60_000)), to: newest };
}

/** Next moment of a replay: on, round to the start, or null at the end. */
export function nextMoment(at: number, step_ms: number, loop: boolean, { from, to }: { from: number; to: number }): number | null {
  const next = at + step_ms;
  if (next < to) return next;
  return loop ? from : null;
}

/** Fills the past store while the time slider is not at "live": the state at a moment, as often as asked. */

import { effect, untracked } from '../stores/signal';
import { nextMoment, span } from '../stores/span';
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
    const next = nextMoment(replay.at, passed_ms * this.stores.speed.peek(), this.stores.loop.peek(), untracked(() => span(this.stores)));
    if (next === null) this.stores.replay.set({ ...replay, playing: false });
    else this.stores.replay.set({ ...replay, at: next });
  }
}

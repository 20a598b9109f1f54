/** When an event came and when it was on the screen: for tests, and for whoever asks how fast it is. */

import type { World } from '../contract';
import { flush } from '../stores/signal';
import type { Changed } from './bind';

export interface Timing {
  readonly kind: string;
  readonly cursor: string | null;
  /** When the server had stored the frame, epoch ms; null for kinds that do not say. */
  readonly stored_ms: number | null;
  /** Series and times of the values that the event carried. */
  readonly values: readonly { readonly s: string; readonly t: number }[];
  /** performance.now() when the event was applied. */
  readonly received: number;
  /** performance.now() and epoch ms of the first frame that shows it; null when nothing drawn has changed. */
  painted: number | null;
  painted_ms: number | null;
}

const KEPT = 1000;

export class Timings {
  readonly marks: Record<string, number> = {};
  readonly events: Timing[] = [];
  private present: Timing | null = null;
  private plume: Timing | null = null;

  constructor(private readonly world: () => World | null) {}

  mark(name: string): void {
    this.marks[name] = performance.now();
    performance.mark(`park-twin:${name}`);
  }

  /** An event was applied: its effects run now, and what they change in the picture is laid to it. */
  received(made: Omit<Timing, 'painted' | 'painted_ms'>): void {
    const timing: Timing = { ...made, painted: null, painted_ms: null };
    this.events.push(timing);
    if (this.events.length > KEPT) this.events.splice(0, this.events.length - KEPT);
    if (timing.kind === 'plume') this.plume = timing;
    else this.present = timing;
    flush();
    this.present = null;
  }

  /** Something drawn has changed. A plume's bytes come later than its event. */
  readonly changed: Changed = (what) => {
    const timing = what === 'plume' ? this.plume : this.present;
    const world = this.world();
    if (what === 'plume') this.plume = null;
    if (!timing || !world) return;
    void world.painted().then(() => {
      timing.painted ??= performance.now();
      timing.painted_ms ??= Date.now();
    });
  };
}

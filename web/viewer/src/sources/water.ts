/** Keeps the groundwater's now-cast, comparisons, volume and heads: at first, live by the stream, and in a replay. */

import { decodeGrid } from '../formats/grid';
import { effect, untracked } from '../stores/signal';
import type { Stores } from '../stores/stores';
import { baselineOf, nearest, shownRemedy, substanceIn, volumeAt } from '../stores/water_facts';
import type { WaterHeard, WaterNow, WaterVolume } from '../wire_water';
import type { Api } from './api';

/** How far back a replayed moment looks for the now-cast that stood then. */
const BACK_MS = 48 * 3_600_000;
const RETRY_MS = 20_000;

type Asked = Pick<Api, 'bytes' | 'waterNowcasts' | 'waterNowcast' | 'waterComparisons' | 'waterWarnings'>;
type Wanted = Pick<WaterVolume, 'url' | 'lead_s'>;

export class WaterSource {
  private turn = 0;
  private volumeUrl = '';
  private gridUrl = '';

  constructor(private readonly stores: Stores, private readonly api: Asked) {}

  start(): void {
    effect(() => {
      const replay = this.stores.replay.get();
      untracked(() => void this.take(replay ? Math.round(replay.at) : null));
    });
    effect(() => {
      const wanted = this.wanted();
      untracked(() => void this.volume(wanted));
    });
    effect(() => {
      const { water } = this.stores;
      const url = water.field.get() === 'none' ? '' : (water.now.get()?.heads_url ?? '');
      untracked(() => void this.grid(url));
    });
    effect(() => {
      const heard = this.stores.waterHeard.get();
      if (heard) untracked(() => void this.heard(heard));
    });
  }

  /** A row of the stream; a replay is not disturbed by it. */
  async heard(row: WaterHeard): Promise<void> {
    if (this.stores.replay.peek()) return;
    const { turn } = this;
    if (row.kind !== 'nowcast') {
      await this.lists(turn);
      return;
    }
    const found = await this.api.waterNowcast(row.run, row.k).catch(() => null);
    if (found && turn === this.turn) this.newer(found);
  }

  private newer(found: WaterNow): void {
    const { now } = this.stores.water;
    if ((now.peek()?.t ?? -Infinity) <= found.t) now.set(found);
  }

  private async take(at: number | null): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    const rows = await this.api.waterNowcasts(at === null ? null : [at - BACK_MS, at + 1]).catch(() => null);
    if (turn !== this.turn) return;
    const newest = (rows ?? []).reduce<WaterNow | null>((best, row) => (best && best.t > row.t ? best : row), null);
    if (at !== null) this.stores.water.now.set(newest);
    else if (newest) this.newer(newest);
    await this.lists(turn);
    if (at === null && rows === null) setTimeout(() => turn === this.turn && void this.take(null), RETRY_MS);
  }

  /** Comparisons and warnings, of now whatever moment is replayed. */
  private async lists(turn: number): Promise<void> {
    const [rows, told] = await Promise.all([this.api.waterComparisons().catch(() => null), this.api.waterWarnings().catch(() => null)]);
    if (turn !== this.turn) return;
    const { comparisons, warnings } = this.stores.water;
    if (rows) comparisons.set(rows);
    if (told) warnings.set(told);
  }

  /** The volume to show: while remedies are compared of the option or of doing nothing, which may have none, else of the now-cast. */
  private wanted(): Wanted | null {
    const { water } = this.stores;
    const lead_s = water.lead_s.get();
    const shown = shownRemedy(water);
    // What would be if nothing were done is never shown as a remedy's: it has to be asked for.
    if (shown) return nearest((water.before.get() ? baselineOf(shown.comparison) : shown.option)?.volumes ?? [], lead_s);
    const now = water.now.get();
    return volumeAt(now, substanceIn(now, water.substance.get()), lead_s, water.upper.get());
  }

  private async volume(wanted: Wanted | null): Promise<void> {
    const url = wanted?.url ?? '';
    if (url === this.volumeUrl) return;
    this.volumeUrl = url;
    const bytes = wanted ? await this.api.bytes(url).catch(() => null) : null;
    if (this.volumeUrl !== url) return;
    if (wanted && !bytes) this.volumeUrl = '';
    this.stores.water.dissolved.set(wanted && bytes ? { volume: wanted, bytes } : null);
  }

  private async grid(url: string): Promise<void> {
    if (url === this.gridUrl) return;
    this.gridUrl = url;
    const bytes = url === '' ? null : await this.api.bytes(url).catch(() => null);
    if (this.gridUrl !== url) return;
    try {
      this.stores.water.grid.set(bytes ? decodeGrid(bytes) : null);
    } catch (error) {
      console.warn('heads left out:', error);
      this.stores.water.grid.set(null);
    }
  }
}

/** Keeps now-casts, forecasts and the map on the ground: at first, live by the stream, and in a replay. */

import type { MapSheet } from '../contract';
import { decodeVolume } from '../formats/volume';
import { bandName, sourceOf, withNewer, type GroundMap } from '../stores/air';
import { effect, untracked } from '../stores/signal';
import type { Stores } from '../stores/stores';
import type { Forecast, NowCast } from '../wire_air';
import type { Api } from './api';

/** How far back a replayed moment looks for the results that stood then. */
const BACK_MS = 15 * 60_000;
const RETRY_MS = 20_000;

type Asked = Pick<Api, 'bytes' | 'nowcasts' | 'forecasts'>;

export class AirSource {
  private wanted = '';
  private replayed = 0;

  constructor(private readonly stores: Stores, private readonly api: Asked) {}

  start(): void {
    effect(() => {
      const replay = this.stores.replay.get();
      untracked(() => void this.take(replay ? Math.round(replay.at) : null));
    });
    effect(() => {
      const { air, substance } = this.stores;
      const map = air.groundMap.get();
      const source = sourceOf(map, substance.get(), air.nowcasts.get(), air.forecasts.get());
      untracked(() => void this.map(map, source));
    });
  }

  /** A result of the stream; a replay is not disturbed by it. */
  heard(result: { readonly nowcast: NowCast } | { readonly forecast: Forecast }): void {
    if (this.stores.replay.peek()) return;
    const { nowcasts, forecasts } = this.stores.air;
    if ('nowcast' in result) nowcasts.update((held) => withNewer(held, result.nowcast));
    else forecasts.update((held) => withNewer(held, result.forecast));
  }

  private async take(at: number | null): Promise<void> {
    this.replayed += 1;
    const turn = this.replayed;
    const span = at === null ? null : ([at - BACK_MS, at] as const);
    const [now, later] = await Promise.all([
      this.api.nowcasts(span).catch(() => null), this.api.forecasts(span).catch(() => null)]);
    if (turn !== this.replayed) return;
    const { nowcasts, forecasts } = this.stores.air;
    if (now) nowcasts.set(now.reduce(withNewer<NowCast>, at === null ? nowcasts.peek() : new Map<string, NowCast>()));
    if (later) forecasts.set(later.reduce(withNewer<Forecast>, at === null ? forecasts.peek() : new Map<string, Forecast>()));
    if (at === null && (!now || !later)) setTimeout(() => turn === this.replayed && void this.take(null), RETRY_MS);
  }

  private async map(map: GroundMap, source: NowCast | Forecast | null): Promise<void> {
    const name = bandName(map);
    const wanted = source && name !== null && source.url !== '' ? `${source.url} ${name}` : '';
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    if (!source || name === null || wanted === '') {
      this.stores.air.shownMap.set(null);
      return;
    }
    const bytes = await this.api.bytes(source.url).catch(() => null);
    if (this.wanted !== wanted) return;
    const sheet = bytes ? sheetOf(bytes, source.bands.indexOf(name), map.kind === 'forecast') : null;
    if (!sheet) this.wanted = '';
    this.stores.air.shownMap.set(sheet ? { source, map, sheet } : null);
  }
}

/** One layer of a map file; null where the file is broken or has no such layer. */
export function sheetOf(bytes: ArrayBuffer, layer: number, chance: boolean): MapSheet | null {
  try {
    const volume = decodeVolume(bytes);
    if (layer < 0 || layer >= volume.nz) return null;
    const cells = volume.nx * volume.ny;
    return {
      nx: volume.nx, ny: volume.ny, corner: [volume.corner[0], volume.corner[1]], step: [volume.step[0], volume.step[1]],
      low: volume.vMin_kg_m3, high: volume.vMax_kg_m3, chance, codes: volume.codes.slice(layer * cells, (layer + 1) * cells),
    };
  } catch (error) {
    console.warn('ground map left out:', error);
    return null;
  }
}

/** Fetches the binary frames that the shown plume and water table name. */

import { decodeVolume } from '../formats/volume';
import { effect, untracked } from '../stores/signal';
import type { Stores } from '../stores/stores';
import type { Plume } from '../wire';
import type { Volume } from '../stores/volume';
import type { Api } from './api';

function volumeOf(bytes: ArrayBuffer): Volume | null {
  try {
    return decodeVolume(bytes);
  } catch (error) {
    console.warn('plume frame left out:', error);
    return null;
  }
}

export class Frames {
  private plumeUrl: string | null = null;
  private tableUrl: string | null = null;

  constructor(private readonly stores: Stores, private readonly api: Pick<Api, 'bytes'>) {}

  start(): void {
    effect(() => {
      const plume = this.stores.plume.get();
      untracked(() => void this.plume(plume));
    });
    effect(() => {
      const url = this.stores.shown.get().watertable?.url ?? null;
      untracked(() => void this.table(url));
    });
  }

  private async plume(plume: Plume | null): Promise<void> {
    if (plume?.url === this.plumeUrl) return;
    this.plumeUrl = plume?.url ?? null;
    if (!plume) {
      this.stores.frame.set(null);
      return;
    }
    const bytes = await this.api.bytes(plume.url).catch(() => null);
    if (this.plumeUrl !== plume.url) return;
    if (!bytes) {
      this.plumeUrl = null;
      return;
    }
    const volume = volumeOf(bytes);
    this.stores.frame.set(volume ? { plume, bytes, volume } : null);
  }

  private async table(url: string | null): Promise<void> {
    if (url === this.tableUrl) return;
    this.tableUrl = url;
    const bytes = url === null ? null : await this.api.bytes(url).catch(() => null);
    if (this.tableUrl === url) this.stores.waterTable.set(bytes);
  }
}

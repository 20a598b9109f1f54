/** Moves server time on once a second; nothing else in the page asks the machine's clock. */

import type { Stores } from '../stores/stores';

export function startClock(stores: Stores): () => void {
  const tick = (): void => stores.tick_ms.set(Math.floor((Date.now() + stores.offset_ms.peek()) / 1000) * 1000);
  tick();
  const id = setInterval(tick, 1000);
  return () => clearInterval(id);
}

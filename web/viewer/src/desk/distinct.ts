/** A value made of signals whose readers are told only when it has truly changed. */

import { effect, signal, untracked, type Readable } from '../stores/signal';

/** Unlike `computed`, which tells its readers that they should look again; here they would ask the server again. */
export function distinct<T>(make: () => T, same: (a: T, b: T) => boolean = Object.is): Readable<T> {
  const held = signal(untracked(make), same);
  effect(() => held.set(make()));
  return held;
}

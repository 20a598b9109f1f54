/** Something that is asked for again and again: what was answered last, how old it is, what went wrong since. */

import { ApiFailure } from '../failure';
import { effect, onStop, signal, untracked, type Readable } from '../stores/signal';

export interface Loaded<T> {
  readonly data: T | null;
  /** When `data` came, our clock. */
  readonly at_ms: number | null;
  readonly error: ApiFailure | null;
  readonly busy: boolean;
}

export interface Resource<T> extends Readable<Loaded<T>> {
  readonly every_ms: number;
  /** Whether it is not asked for just now, so that what is read stays where it is. */
  held(): boolean;
  /** Asks now. */
  refresh(): void;
}

const OLD_AFTER = 3;
const OLD_SLACK_MS = 5_000;

/** `loading`: nothing yet; `old`: nothing new for three intervals; `failed`: nothing, and an error. */
export type Freshness = 'loading' | 'fresh' | 'held' | 'old' | 'failed';

export function freshness(loaded: Loaded<unknown>, every_ms: number, now_ms: number, held = false): Freshness {
  if (loaded.at_ms === null) return loaded.error ? 'failed' : 'loading';
  if (loaded.error) return 'old';
  if (held) return 'held';
  if (every_ms > 0 && now_ms - loaded.at_ms > OLD_AFTER * every_ms + OLD_SLACK_MS) return 'old';
  return 'fresh';
}

export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ApiFailure(text, text);
}

/**
 * Asks at once, then every `every_ms` (0: only when told to), and anew whenever a signal that `ask` reads
 * before its first `await` changes; what was under way is given up then. Lives as long as the effect around it.
 */
export function resource<T>(
  ask: (abort: AbortSignal) => Promise<T> | null, every_ms: number, held: () => boolean = () => false,
): Resource<T> {
  const state = signal<Loaded<T>>({ data: null, at_ms: null, error: null, busy: false });
  const again = signal(0);
  let polled = false;
  effect(() => {
    again.get();
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const asked = ask(abort.signal);
    untracked(() => {
      if (asked === null) {
        state.set({ data: null, at_ms: null, error: null, busy: false });
        return;
      }
      if (!polled) state.update((now) => ({ ...now, busy: true }));
      polled = false;
      const later = (): void => {
        if (every_ms > 0) timer = setTimeout(next, every_ms);
      };
      const next = (): void => {
        if (document.hidden || held()) {
          later();
          return;
        }
        polled = true;
        again.update((n) => n + 1);
      };
      asked.then(
        (data) => state.set({ data, at_ms: Date.now(), error: null, busy: false }),
        (error: unknown) => {
          if (!abort.signal.aborted) state.update((now) => ({ ...now, error: asFailure(error), busy: false }));
        },
      ).finally(() => {
        if (!abort.signal.aborted) later();
      });
    });
    onStop(() => {
      clearTimeout(timer);
      abort.abort();
    });
  });
  return {
    every_ms,
    held,
    get: () => state.get(),
    peek: () => state.peek(),
    refresh: () => again.update((n) => n + 1),
  };
}

/** A course of time that is asked for when its question changes; a late answer to an old question is dropped. */

import { language } from '../i18n';
import { ApiFailure } from '../failure';
import { effect, onStop, signal, untracked, type Readable } from '../stores/signal';

export interface Course<T> {
  readonly found: Readable<T | null>;
  /** Why the newest question has no answer. */
  readonly failed: Readable<string | null>;
}

/** `wish` gives the question as a text; an empty one asks nothing. */
export function course<T>(wish: () => string, ask: () => Promise<T>): Course<T> {
  const found = signal<T | null>(null);
  const failed = signal<string | null>(null);
  const question = signal('');
  let stopped = false;
  const load = async (text: string): Promise<void> => {
    const mine = (): boolean => !stopped && question.peek() === text;
    try {
      const answer = await ask();
      if (mine()) {
        found.set(answer);
        failed.set(null);
      }
    } catch (error) {
      if (mine()) failed.set(error instanceof ApiFailure ? error.words(language()) : String(error));
    }
  };
  effect(() => question.set(wish()));
  effect(() => {
    const text = question.get();
    if (text !== '') untracked(() => void load(text));
  });
  onStop(() => {
    stopped = true;
  });
  return { found, failed };
}

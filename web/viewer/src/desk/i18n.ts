/** The desk's texts: every row holds Chinese and English, so that neither can be forgotten. */

import { filled, language, type Params } from '../i18n/language';
import { COMMANDS } from './texts/commands';
import { COMMON } from './texts/common';
import { DEVICES } from './texts/devices';
import { FRAMES } from './texts/frames';
import { LINES } from './texts/lines';
import { REST } from './texts/rest';
import { REVIEWS } from './texts/reviews';
import { STATISTICS } from './texts/statistics';

export const TEXTS = { ...COMMON, ...LINES, ...DEVICES, ...FRAMES, ...REVIEWS, ...STATISTICS, ...COMMANDS, ...REST } as const;

export type Key = keyof typeof TEXTS;
export type Both = readonly [zh: string, en: string];

export function t(key: Key, params?: Params): string {
  const both: Both = TEXTS[key];
  return filled(both[language() === 'zh' ? 0 : 1], params);
}

export function isKey(key: string): key is Key {
  return Object.hasOwn(TEXTS, key);
}

/** Text for a key made at run time, or the fall-back where there is none. */
export function tMaybe(key: string, fallback: string): string {
  return isKey(key) ? t(key) : fallback;
}

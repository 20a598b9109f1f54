/** Texts of the interface in two languages, switched without loading anew. */

import type { Language } from '../contract';
import { en } from './en';
import { filled, language, type Params } from './language';
import { zh } from './zh';

export { language, say, setLanguage } from './language';

export type Key = keyof typeof zh;
export type Catalogue = Readonly<Record<Key, string>>;

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { zh, en };

/** Text for a key, with `{name}` places filled. */
export function t(key: Key, params?: Params): string {
  return filled(CATALOGUES[language()][key], params);
}

/** Whether a key made at run time is in the catalogues. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(zh, key);
}

/** Text for a key made at run time, or the fall-back where there is none. */
export function tMaybe(key: string, fallback: string): string {
  return isKey(key) ? t(key) : fallback;
}

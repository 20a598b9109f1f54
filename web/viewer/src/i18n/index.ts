/** Texts of the interface in two languages, switched without loading anew. */

import type { Language } from '../contract';
import { signal } from '../stores/signal';
import type { Text } from '../wire';
import { en } from './en';
import { zh } from './zh';

export type Key = keyof typeof zh;
export type Catalogue = Readonly<Record<Key, string>>;

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { zh, en };

const chosen = signal<Language>('zh');

/** Language in use; an effect that reads it runs again after a switch. */
export function language(): Language {
  return chosen.get();
}

export function setLanguage(next: Language): void {
  chosen.set(next);
}

function filled(text: string, params: Readonly<Record<string, string | number>> | undefined): string {
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** Text for a key, with `{name}` places filled. */
export function t(key: Key, params?: Readonly<Record<string, string | number>>): string {
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

/** A name of the scene in the language in use. */
export function say(text: Text | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : text[language()] || text.zh || text.en;
}

/** The language in use, shared by the pages; each page has catalogues of its own. */

import type { Language } from '../contract';
import { signal } from '../stores/signal';
import type { Text } from '../wire';

const chosen = signal<Language>('zh');

/** Language in use; an effect that reads it runs again after a switch. */
export function language(): Language {
  return chosen.get();
}

export function setLanguage(next: Language): void {
  chosen.set(next);
}

export type Params = Readonly<Record<string, string | number>>;

/** A text with its `{name}` places filled. */
export function filled(text: string, params: Params | undefined): string {
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A name of the scene in the language in use. */
export function say(text: Text | string | null | undefined): string {
  if (text === null || text === undefined) return '';
  return typeof text === 'string' ? text : text[language()] || text.zh || text.en;
}

/** Notes of the groundwater models in the reader's language; null where a note is not theirs. */

import { language } from '../../i18n';

type Row = readonly [zh: string, en: string];

/** Notes in whole, as the models write them. */
const WHOLE: ReadonlyMap<string, Row> = new Map();

export function waterNote(note: string): string | null {
  const row = WHOLE.get(note);
  return row ? row[language() === 'zh' ? 0 : 1] : null;
}

/** The model's notes on validity, in the reader's language; an unknown note is shown as it came. */

import { t, type Key } from '../i18n';

const WHOLE: Readonly<Record<string, Key>> = {
  calm: 'note.calm', 'few stations': 'note.few_stations', 'gap in wind': 'note.gap_in_wind',
  stable: 'note.stable', neutral: 'note.neutral', unstable: 'note.unstable',
  'terrain-following, passive gas': 'note.passive', 'no plume': 'note.no_plume', 'unexplained signal': 'note.unexplained',
  'no candidate units': 'note.no_units', 'no readings': 'note.no_readings', 'weakly observed': 'note.weak',
};

const WITH_LIST: readonly (readonly [string, Key])[] = [
  ['not seen by any beam: ', 'note.unseen'], ['cannot be told apart: ', 'note.alike'],
];

export function noteWords(note: string): string {
  const whole = WHOLE[note];
  if (whole) return t(whole);
  const found = WITH_LIST.find(([start]) => note.startsWith(start));
  return found ? t(found[1], { list: note.slice(found[0].length) }) : note;
}

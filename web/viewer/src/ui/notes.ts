/** The models' notes on validity, in the reader's language; an unknown note is shown as it came. */

import { t, type Key } from '../i18n';
import { unitLabel } from '../units';

const WHOLE = new Map<string, Key>(Object.entries<Key>({
  calm: 'note.calm', 'few stations': 'note.few_stations', 'gap in wind': 'note.gap_in_wind', 'no wind': 'note.no_wind',
  stable: 'note.stable', neutral: 'note.neutral', unstable: 'note.unstable', forecast: 'note.forecast',
  'terrain-following, passive gas': 'note.passive', 'no plume': 'note.no_plume', 'unexplained signal': 'note.unexplained',
  'no candidate units': 'note.no_units', 'no readings': 'note.no_readings', 'weakly observed': 'note.weak',
  'wind between stations: no library': 'note.no_library', 'wind between stations: library not built yet': 'note.library_later',
  'persistence, growing spread': 'note.persistence', 'dense: use emergency deduction': 'note.dense',
  'shallow layer, handed over to puffs; no buildings': 'note.layer',
  'some mixtures are lighter than air; the layer does not lift off': 'note.light',
  'the window ends before the release': 'note.ends', 'no solution': 'note.no_solution',
  'one-dimensional over flat ground: no terrain, buildings or dikes': 'note.flat',
  'a cloud lighter than air stays on the ground here once it is there': 'note.stays',
}));

/** The part in brackets is kept as it came. */
const WITH_PART: readonly (readonly [RegExp, Key])[] = [
  [/^no clear signal on any beam, not in the bands: (.+)$/, 'note.unclear'],
  [/^not seen by any beam: (.+)$/, 'note.unseen'], [/^cannot be told apart: (.+)$/, 'note.alike'],
  [/^wind forecast of (.+)$/, 'note.windfile'], [/^([\d.]+ %) left the grid while dense, as puffs$/, 'note.left'],
  [/^as now in every member, lognormal walk of ([\d.]+) per root hour$/, 'note.rates'],
];

/** Inputs that have limits, as the models name them: what they are called, and their unit. */
const LIMITED = new Map<string, readonly [Key, string]>(Object.entries<readonly [Key, string]>({
  wind_speed_m_s: ['limit.wind', 'm/s'], wind_speed_10_m_s: ['limit.wind', 'm/s'], distance_m: ['limit.distance', 'm'],
  slope_ratio: ['limit.slope', '1'], slope: ['limit.slope', '1'], terrain_slope: ['limit.slope', '1'],
  release_richardson: ['limit.richardson', '1'], release_richardson_ratio: ['limit.dense', '1'],
  station_count: ['limit.stations', '1'], pool_radius_m: ['limit.pool', 'm'], reduced_temperature_ratio: ['limit.reduced', '1'],
  hole_to_vessel_ratio: ['limit.hole', '1'], temperature_k: ['limit.temperature', 'K'], cells_across_source: ['limit.cells', '1'],
  jet_speed_m_s: ['limit.jet', 'm/s'], release_height_m: ['limit.height', 'm'], roughness_m: ['limit.roughness', 'm'],
  reach_m: ['limit.reach', 'm'], turn_deg: ['limit.turn', 'deg'],
}));

const OUTSIDE = /^outside validity: (\w+) (\S+), expected (\S+) to (\S+)$/;

function outsideWords(match: RegExpMatchArray): string | null {
  const [, quantity = '', value = '', low = '', high = ''] = match;
  const row = LIMITED.get(quantity);
  if (!row) return null;
  const unit = unitLabel(row[1]);
  const long = (text: string): string => (unit === '' ? text : unit === '°' ? `${text}°` : `${text} ${unit}`);
  const range = high === 'any' ? t('note.range.low', { low: long(low) })
    : low === 'any' ? t('note.range.high', { high: long(high) }) : t('note.range.both', { low, high: long(high) });
  return t('note.outside', { name: t(row[0]), value: long(value), range });
}

export function noteWords(note: string): string {
  const whole = WHOLE.get(note);
  if (whole) return t(whole);
  const broken = note.match(OUTSIDE);
  if (broken) return outsideWords(broken) ?? note;
  for (const [pattern, key] of WITH_PART) {
    const part = note.match(pattern)?.[1];
    if (part !== undefined) return t(key, { list: part });
  }
  return note;
}

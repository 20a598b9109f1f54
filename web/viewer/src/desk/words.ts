/** Numbers, times, ages and marks of the desk in words. */

import { language } from '../i18n/language';
import * as units from '../units';
import { t, tMaybe } from './i18n';

/** Bits of twin.core.observation.Check. */
const CHECKS: readonly (readonly [number, string])[] = [
  [1, 'not_a_number'], [2, 'out_of_range'], [4, 'time_out_of_window'], [8, 'clock_drift'], [16, 'late'], [32, 'unknown_mark'],
  [64, 'rate'], [128, 'fixed_value'], [256, 'no_mark'], [512, 'correlation'], [1024, 'dual_sensor'], [2048, 'duplicate'],
  [4096, 'unit_doubted'], [8192, 'rejected'], [16384, 'confirmed'],
];

export function checkNames(bits: number): readonly string[] {
  const known = CHECKS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => checkName(name));
  const rest = CHECKS.reduce((left, [bit]) => left & ~bit, bits);
  return rest === 0 ? known : [...known, String(rest)];
}

export function checkName(name: string): string {
  return tMaybe(`check.${name}`, name);
}

export function markName(mark: string): string {
  return mark === '' ? t('none') : `${mark} ${tMaybe(`mark.${mark}`, '')}`.trim();
}

export function qualityName(quality: string): string {
  return tMaybe(`quality.${quality}`, quality);
}

export function count(value: number): string {
  return units.count(value, language());
}

export function number(value: number, decimals: number): string {
  return units.number(value, decimals, language());
}

export function percent(share: number | null, decimals = 1): string {
  return share === null ? t('none') : `${number(share * 100, decimals)} %`;
}

/** `4.2 kB`. */
export function bytes(size: number): string {
  if (size < 1000) return `${count(size)} B`;
  if (size < 1e6) return `${number(size / 1e3, 1)} kB`;
  return size < 1e9 ? `${number(size / 1e6, 1)} MB` : `${number(size / 1e9, 2)} GB`;
}

export function seconds(s: number): string {
  if (Math.abs(s) < 1) return `${number(s * 1000, 0)} ms`;
  return `${number(s, Math.abs(s) < 10 ? 1 : 0)} s`;
}

export function age(age_ms: number): string {
  const { key, n } = units.ageParts(age_ms);
  return t(key, { n });
}

export function ago(at_ms: number | null, now_ms: number): string {
  if (at_ms === null) return t('age.never');
  return at_ms > now_ms + 1500 ? t('age.ahead', { age: age(at_ms - now_ms) }) : t('age.ago', { age: age(now_ms - at_ms) });
}

/** Length of time: `3 h 12 min`. */
export function span(length_ms: number): string {
  const minutes = Math.floor(length_ms / 60_000);
  if (minutes < 2) return t('age.s', { n: Math.round(length_ms / 1000) });
  if (minutes < 120) return t('age.min', { n: minutes });
  if (minutes < 2880) return `${t('age.h', { n: Math.floor(minutes / 60) })} ${t('age.min', { n: minutes % 60 })}`;
  return `${t('age.d', { n: Math.floor(minutes / 1440) })} ${t('age.h', { n: Math.floor((minutes % 1440) / 60) })}`;
}

/** Park time; with the day where it is not today's. */
export function clock(at_ms: number, now_ms: number, offset_h: number): string {
  const day = units.clockDate(at_ms, offset_h);
  const time = units.clockTime(at_ms, offset_h);
  if (day === units.clockDate(now_ms, offset_h)) return time;
  return day.slice(0, 4) === units.clockDate(now_ms, offset_h).slice(0, 4) ? `${day.slice(5)} ${time}` : `${day} ${time}`;
}

export function moment(at_ms: number, offset_h: number): string {
  return `${units.clockDate(at_ms, offset_h)} ${units.clockTime(at_ms, offset_h)} ${units.zoneName(offset_h)}`;
}

/** Value of a series in its display unit: number and unit apart. A logger's statistic is shown like its quantity. */
export function shown(value: number | null, quantity: string): units.Shown {
  const [what = quantity, statistic = ''] = quantity.split('@');
  if (statistic === 'cou') return { text: value === null ? '—' : units.significant(value, language()), unit: 'kg' };
  return units.show(value, what, language());
}

/** Number and unit; a dash alone where there is none. */
export function value(v: number | null, quantity: string): string {
  if (v === null) return t('none');
  return units.join(shown(v, quantity));
}

/** Units of the groundwater for people, beside units.ts; fetched with its screens. */

import type { Language } from './contract';
import { fromSi, number, significant, type Shown } from './units';

const NONE = '—';
const DAY_S = 86_400;
const YEAR_S = 365 * DAY_S;

/** Concentration in water in mg/L, or µg/L below 0.01 mg/L. */
export function dissolved(conc_kg_m3: number | null, language: Language): Shown {
  if (conc_kg_m3 === null || !Number.isFinite(conc_kg_m3)) return { text: NONE, unit: 'mg/L' };
  const milli = fromSi(conc_kg_m3, 'mg/L');
  if (milli !== 0 && Math.abs(milli) < 0.01) return { text: significant(fromSi(conc_kg_m3, 'ug/L'), language), unit: 'µg/L' };
  return { text: significant(milli, language), unit: 'mg/L' };
}

/** Flow of water in m³/d. */
export function perDay(m3_s: number, language: Language): Shown {
  return { text: significant(m3_s * DAY_S, language), unit: 'm³/d' };
}

/** Area in the unit that suits `like`: a band in one unit. */
export function areaLike(m2: number, like: number, language: Language): Shown {
  return like >= 10_000 ? { text: number(m2 / 10_000, 2, language), unit: 'ha' } : { text: number(m2, 0, language), unit: 'm²' };
}

/** Length in the unit that suits `like`. */
export function lengthLike(metres: number, like: number, language: Language): Shown {
  return like >= 1000 ? { text: number(metres / 1000, 2, language), unit: 'km' } : { text: number(metres, like < 10 ? 1 : 0, language), unit: 'm' };
}

/** Mass in t, kg or g, as suits `like`. */
export function mass(kg: number, language: Language, like = kg): Shown {
  const size = Math.abs(like);
  if (size >= 1000) return { text: significant(kg / 1000, language), unit: 't' };
  return size >= 0.1 || size === 0 ? { text: significant(kg, language), unit: 'kg' } : { text: significant(kg * 1000, language), unit: 'g' };
}

/** Cost: in ten thousands of yuan in Chinese, in thousands elsewhere, as suits `like`. */
export function cost(cny: number, language: Language, like = cny): Shown {
  if (language === 'zh') return like >= 10_000 ? { text: significant(cny / 10_000, language), unit: '万元' } : { text: number(cny, 0, language), unit: '元' };
  return like >= 1000 ? { text: significant(cny / 1000, language), unit: 'k CNY' } : { text: number(cny, 0, language), unit: 'CNY' };
}

/** Count and unit of a span of time, in the unit that suits `like`: hours below two days, days below two years. */
export function spanParts(seconds: number, like = seconds): { readonly n: number; readonly decimals: number; readonly unit: 'h' | 'd' | 'a' } {
  const size = Math.abs(like);
  if (size < 2 * DAY_S) return { n: seconds / 3600, decimals: 0, unit: 'h' };
  if (size < 2 * YEAR_S) return { n: seconds / DAY_S, decimals: 0, unit: 'd' };
  return { n: seconds / YEAR_S, decimals: 1, unit: 'a' };
}

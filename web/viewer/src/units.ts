/** Units for people. Everything else in the viewer holds SI; this is the one place that converts. */

import type { Language } from './contract';

export interface Shown {
  /** Number ready to show, or an em dash when there is none. */
  readonly text: string;
  readonly unit: string;
}

interface UnitRow {
  readonly factor: number;
  readonly offset: number;
  readonly label: string;
}

/** `si = shown * factor + offset`, the same table as twin.core.units. */
const UNITS: Readonly<Record<string, UnitRow>> = {
  'kg/m3': { factor: 1, offset: 0, label: 'kg/m³' },
  'g/m3': { factor: 1e-3, offset: 0, label: 'g/m³' },
  'mg/m3': { factor: 1e-6, offset: 0, label: 'mg/m³' },
  'ug/m3': { factor: 1e-9, offset: 0, label: 'µg/m³' },
  'ng/m3': { factor: 1e-12, offset: 0, label: 'ng/m³' },
  'mg/L': { factor: 1e-3, offset: 0, label: 'mg/L' },
  'ug/L': { factor: 1e-6, offset: 0, label: 'µg/L' },
  'm/s': { factor: 1, offset: 0, label: 'm/s' },
  'm/d': { factor: 1 / 86_400, offset: 0, label: 'm/d' },
  deg: { factor: 1, offset: 0, label: '°' },
  K: { factor: 1, offset: 0, label: 'K' },
  degC: { factor: 1, offset: 273.15, label: '°C' },
  Pa: { factor: 1, offset: 0, label: 'Pa' },
  hPa: { factor: 100, offset: 0, label: 'hPa' },
  '1': { factor: 1, offset: 0, label: '' },
  '%': { factor: 0.01, offset: 0, label: '%' },
  m: { factor: 1, offset: 0, label: 'm' },
  pH: { factor: 1, offset: 0, label: '' },
  'S/m': { factor: 1, offset: 0, label: 'S/m' },
  'uS/cm': { factor: 1e-4, offset: 0, label: 'µS/cm' },
  A: { factor: 1, offset: 0, label: 'A' },
  kg: { factor: 1, offset: 0, label: 'kg' },
  'kg/s': { factor: 1, offset: 0, label: 'kg/s' },
  'g/s': { factor: 1e-3, offset: 0, label: 'g/s' },
  'kg/h': { factor: 1 / 3600, offset: 0, label: 'kg/h' },
};

interface QuantityRow {
  readonly unit: string;
  readonly decimals: number;
}

const QUANTITIES: Readonly<Record<string, QuantityRow>> = {
  wind_speed: { unit: 'm/s', decimals: 1 },
  wind_from: { unit: 'deg', decimals: 0 },
  air_temperature: { unit: 'degC', decimals: 1 },
  relative_humidity: { unit: '%', decimals: 0 },
  air_pressure: { unit: 'hPa', decimals: 1 },
  water_level: { unit: 'm', decimals: 2 },
  water_temperature: { unit: 'degC', decimals: 1 },
  ph: { unit: 'pH', decimals: 2 },
  hydraulic_conductivity: { unit: 'm/d', decimals: 3 },
  water_content: { unit: '%', decimals: 1 },
  conductivity: { unit: 'uS/cm', decimals: 0 },
  signal_strength: { unit: '%', decimals: 0 },
  detector_temperature: { unit: 'K', decimals: 1 },
  nitrogen_level: { unit: '%', decimals: 0 },
  reference_laser: { unit: '%', decimals: 0 },
  current: { unit: 'A', decimals: 2 },
};

const NONE = '—';

const formats = new Map<string, Intl.NumberFormat>();

function locale(language: Language): string {
  return language === 'zh' ? 'zh-CN' : 'en-GB';
}

/** Number with a fixed count of decimals. */
export function number(value: number, decimals: number, language: Language): string {
  const key = `${language}:${decimals}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale(language), {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    });
    formats.set(key, format);
  }
  return format.format(Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value);
}

/** Number with three significant digits, without exponents from 0.001 to 99,999. */
export function significant(value: number, language: Language): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.001 || size >= 100_000) return value.toExponential(1).replace('e', '×10^').replace('+', '');
  const decimals = Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(size))));
  return number(value, decimals, language);
}

/** Round number without trailing zeros: for axes and legends. */
export function plain(value: number, language: Language): string {
  return new Intl.NumberFormat(locale(language), { maximumSignificantDigits: 3 }).format(value === 0 ? 0 : value);
}

/** SI value in a named unit. Throws RangeError for an unknown unit. */
export function fromSi(value: number, unit: string): number {
  const row = UNITS[unit];
  if (!row) throw new RangeError(`unknown unit ${unit}; expected one of ${Object.keys(UNITS).join(', ')}`);
  return (value - row.offset) / row.factor;
}

export function unitLabel(unit: string): string {
  return UNITS[unit]?.label ?? unit;
}

/** Unit in which a quantity is shown. */
export function displayUnit(quantity: string): string {
  if (quantity.startsWith('conc:')) return 'mg/m3';
  if (quantity.startsWith('water:')) return 'mg/L';
  return QUANTITIES[quantity]?.unit ?? '';
}

/** Concentration in air, always in mg/m³, so that one column holds one unit; 0.001 mg/m³ is the last digit. */
export function air(conc_kg_m3: number | null, language: Language): Shown {
  if (conc_kg_m3 === null || !Number.isFinite(conc_kg_m3)) return { text: NONE, unit: 'mg/m³' };
  const shown = fromSi(conc_kg_m3, 'mg/m3');
  const decimals = Math.abs(shown) < 1 ? 3 : Math.abs(shown) < 100 ? 2 : 0;
  return { text: number(shown, decimals, language), unit: unitLabel('mg/m3') };
}

/** Value of a quantity, ready to show. An unknown quantity is shown in SI as it came. */
export function show(value: number | null, quantity: string, language: Language): Shown {
  if (quantity.startsWith('conc:')) return air(value, language);
  const unit = displayUnit(quantity);
  if (value === null || !Number.isFinite(value)) return { text: NONE, unit: unitLabel(unit) };
  if (unit === '') return { text: significant(value, language), unit: '' };
  const shown = fromSi(value, unit);
  const decimals = quantity.startsWith('water:') ? (Math.abs(shown) < 0.1 ? 3 : 2) : (QUANTITIES[quantity]?.decimals ?? 2);
  return { text: number(shown, decimals, language), unit: unitLabel(unit) };
}

/** Emission rate: kg/h from 1 kg/h up, else g/s. */
export function rate(kg_s: number, language: Language): Shown {
  const hourly = fromSi(kg_s, 'kg/h');
  if (hourly >= 1) return { text: significant(hourly, language), unit: 'kg/h' };
  return { text: significant(fromSi(kg_s, 'g/s'), language), unit: 'g/s' };
}

/** Length in m, or km from 1 km up. */
export function length(metres: number, language: Language): Shown {
  if (Math.abs(metres) >= 1000) return { text: number(metres / 1000, 2, language), unit: 'km' };
  return { text: number(metres, Math.abs(metres) < 10 ? 2 : Math.abs(metres) < 100 ? 1 : 0, language), unit: 'm' };
}

/** Area in m², or hectares from 1 ha up. */
export function area(square_metres: number, language: Language): Shown {
  if (square_metres >= 10_000) return { text: number(square_metres / 10_000, 2, language), unit: 'ha' };
  return { text: number(square_metres, 0, language), unit: 'm²' };
}

export function count(value: number, language: Language): string {
  return number(value, 0, language);
}

/** One text: number, thin space, unit. */
export function join(shown: Shown): string {
  if (shown.unit === '' ) return shown.text;
  return shown.unit === '°' || shown.unit === '%' ? `${shown.text}${shown.unit}` : `${shown.text} ${shown.unit}`;
}

const POINTS_EN = ['N', 'NNE', 'NE', 'ENE', 'E', 'ESE', 'SE', 'SSE', 'S', 'SSW', 'SW', 'WSW', 'W', 'WNW', 'NW', 'NNW'];
const POINTS_ZH = [
  '北', '北东北', '东北', '东东北', '东', '东东南', '东南', '南东南', '南', '南西南', '西南', '西西南', '西', '西西北', '西北',
  '北西北',
];

/** Compass point of a bearing, sixteen of them, or eight. */
export function compass(bearing_deg: number, language: Language, points: 8 | 16 = 16): string {
  const turn = ((bearing_deg % 360) + 360) % 360;
  const step = 360 / points;
  const index = (Math.round(turn / step) % points) * (16 / points);
  return (language === 'zh' ? POINTS_ZH : POINTS_EN)[index] ?? '';
}

/** Shifts an epoch time so that its UTC fields read as park time. */
function shifted(ms: number, utc_offset_h: number): Date {
  return new Date(ms + utc_offset_h * 3_600_000);
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** `10:42:18` in the park's time zone. */
export function clockTime(ms: number, utc_offset_h: number, seconds = true): string {
  const date = shifted(ms, utc_offset_h);
  const text = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  return seconds ? `${text}:${pad(date.getUTCSeconds())}` : text;
}

/** `2026-11-22` in the park's time zone. */
export function clockDate(ms: number, utc_offset_h: number): string {
  return shifted(ms, utc_offset_h).toISOString().slice(0, 10);
}

const dates = new Map<Language, Intl.DateTimeFormat>();

/** `11月22日 星期日` or `Sun 22 Nov` in the park's time zone. */
export function longDate(ms: number, utc_offset_h: number, language: Language): string {
  let format = dates.get(language);
  if (!format) {
    format = new Intl.DateTimeFormat(locale(language), {
      timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short', year: 'numeric',
    });
    dates.set(language, format);
  }
  return format.format(shifted(ms, utc_offset_h));
}

/** `UTC+8`, `UTC+5:30`. */
export function zoneName(utc_offset_h: number): string {
  const sign = utc_offset_h < 0 ? '−' : '+';
  const whole = Math.trunc(Math.abs(utc_offset_h));
  const minutes = Math.round((Math.abs(utc_offset_h) - whole) * 60);
  return `UTC${sign}${whole}${minutes ? `:${pad(minutes)}` : ''}`;
}

/** Age as a count and a unit; the words are in the catalogues. */
export function ageParts(age_ms: number): { readonly key: 'age.s' | 'age.min' | 'age.h' | 'age.d'; readonly n: number } {
  const seconds = Math.max(0, Math.floor(age_ms / 1000));
  if (seconds < 90) return { key: 'age.s', n: seconds };
  if (seconds < 5400) return { key: 'age.min', n: Math.floor(seconds / 60) };
  if (seconds < 172_800) return { key: 'age.h', n: Math.floor(seconds / 3600) };
  return { key: 'age.d', n: Math.floor(seconds / 86_400) };
}

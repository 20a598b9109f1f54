/** Numbers, ages, names and marks in words; every panel speaks through these. */

import type { Origin, Quality } from '../contract';
import { language, say, t, tMaybe } from '../i18n';
import type { Level, Reading } from '../stores/readings';
import { formula, type SceneIndex } from '../stores/scene_index';
import * as units from '../units';
import { splitKey, substanceOf, type Value } from '../wire';

/** `12 s`, `3 min`. */
export function age(age_ms: number | null): string {
  if (age_ms === null) return t('age.none');
  const { key, n } = units.ageParts(age_ms);
  return t(key, { n });
}

/** `12 s ago`. */
export function ago(age_ms: number | null): string {
  return age_ms === null ? t('age.none') : t('age.ago', { age: age(age_ms) });
}

/** Age in steps that change seldom: for labels in the 3D view. */
export function coarseAge(age_ms: number): string {
  if (age_ms < 20_000) return t('age.now');
  if (age_ms < 60_000) return t('age.s', { n: Math.floor(age_ms / 10_000) * 10 });
  return age(Math.max(90_000, Math.floor(age_ms / 60_000) * 60_000));
}

export function conc(conc_kg_m3: number | null): string {
  return units.join(units.air(conc_kg_m3, language()));
}

/** The number alone, in mg/m³: for columns whose head names the unit. */
export function concNumber(conc_kg_m3: number | null): string {
  return units.air(conc_kg_m3, language()).text;
}

export const CONC_UNIT = units.unitLabel('mg/m3');

export function shown(value: number | null, quantity: string): units.Shown {
  return units.show(value, quantity, language());
}

export function quantity(value: number | null, key: string): string {
  return units.join(shown(value, key));
}

export function metres(value: number, decimals = 1): string {
  return `${units.number(value, decimals, language())} m`;
}

export function rate(kg_s: number): string {
  return units.join(units.rate(kg_s, language()));
}

/** Shape and word for a level; the shape makes it readable without colour. */
export const LEVEL_SHAPES: Readonly<Record<number, string>> = { [-1]: '?', 0: '●', 1: '▲', 2: '■', 3: '◆' };

export function tone(level: Level): number {
  return Math.max(-1, Math.min(3, level));
}

export function levelName(level: Level): string {
  return tMaybe(`level.${tone(level)}`, String(level));
}

export function levelShape(level: Level): string {
  return LEVEL_SHAPES[tone(level)] ?? '?';
}

export function originName(origin: Origin): string {
  return t(`origin.${origin}`);
}

/** Origin of a model result: `simulated` there means that its inputs were. */
export function resultOrigin(origin: Origin): string {
  if (origin === 'simulated') return t('origin.simulated.result');
  if (origin === 'exercise') return t('origin.exercise.result');
  return t('origin.modelled');
}

/** Quality in words; the device's mark says more where there is one. */
export function qualityName(quality: Quality, mark: string, stale: boolean): string {
  if (quality === 'not_measuring' || mark === 'T') return tMaybe(`mark.${mark}`, t(`quality.${quality}`));
  if (stale && quality !== 'missing') return t('quality.stale');
  return t(`quality.${quality}`);
}

export function readingQuality(reading: Reading): string {
  return qualityName(reading.quality, reading.value?.m ?? '', reading.stale);
}

export function valueQuality(value: Value, stale: boolean): string {
  return qualityName(value.q, value.m, stale);
}

/** Name of a thing of the scene: `B07 (Fubao 1, beam 3)` is left to panels; this is the plain name. */
export function nameOf(index: SceneIndex | null, id: string): string {
  return say(index?.names.get(id)) || id;
}

/** Name without the words that every station's name has: for dials and labels. */
export function shortName(index: SceneIndex | null, id: string): string {
  return nameOf(index, id).replace(/片(?=\d)/, '').replace(/站点$|(?<=号)站$/, '').replace(/ station (?=\d)/i, ' ');
}

/** Name of a series' quantity. */
export function quantityName(index: SceneIndex | null, key: string): string {
  const { quantity: what } = splitKey(key);
  const substance = substanceOf(what);
  if (substance && index) {
    return t(what.startsWith('conc:') ? 'qty.conc' : 'qty.water', { name: formula(index, substance) });
  }
  return tMaybe(`qty.${what}`, say(index?.series.get(key)?.name) || what);
}

export function hourMinute(index: SceneIndex | null, ms: number, seconds = true): string {
  return units.clockTime(ms, index?.scene.utc_offset_h ?? 8, seconds);
}

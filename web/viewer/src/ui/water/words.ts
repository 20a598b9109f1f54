/** The groundwater in words: numbers with their bands, spans of time, what is going on. */

import { language, say } from '../../i18n';
import { tw, twMaybe } from '../../i18n/water';
import type { SceneIndex } from '../../stores/scene_index';
import { formula } from '../../stores/scene_index';
import { bodies, frontAt, isClassIII, limitOf, middleOf, urgent } from '../../stores/water_facts';
import { compass, fromSi, join, number, significant, type Shown } from '../../units';
import { areaLike, cost, dissolved, lengthLike, mass, spanParts } from '../../units_water';
import type { Band, Front, WaterNow, WaterTarget } from '../../wire_water';

const DAY_S = 86_400;

/** Name of a moment ahead: now, 30 d, 1 year. */
export function leadName(lead_s: number): string {
  if (lead_s === 0) return tw('lead.now');
  if (lead_s === 365 * DAY_S) return tw('lead.year');
  const { n, decimals, unit } = spanParts(lead_s === DAY_S ? 2 * DAY_S : lead_s);
  const shown = lead_s === DAY_S ? 1 : n;
  return tw(`lead.${unit}`, { n: number(shown, Number.isInteger(shown) ? 0 : decimals, language()) });
}

export function spanWords(seconds: number): string {
  const { n, decimals, unit } = spanParts(seconds);
  return tw(`span.${unit}`, { n: number(n, decimals, language()) });
}

/** A number as it is shown, in the unit that suits `like`. */
export type Show = (value: number, like?: number) => Shown;

/** `2.31 (1.90–2.84) ha`: the median and its band, in the unit of the median. */
export function bandWords(band: Band, show: Show): string {
  const like = band.median === 0 ? band.high : band.median;
  const [low, median, high] = [show(band.low, like), show(band.median, like), show(band.high, like)];
  const one = low.unit === median.unit && high.unit === median.unit;
  return one ? `${median.text} (${low.text}–${high.text}) ${median.unit}`.trim() : `${join(median)} (${join(low)} – ${join(high)})`;
}

export const areaShown: Show = (value, like = value) => areaLike(value, like, language());
export const lengthShown: Show = (value, like = value) => lengthLike(value, like, language());
export const massShown: Show = (value, like = value) => mass(value, language(), like);
export const costShown: Show = (value, like = value) => cost(value, language(), like);
export const concShown = (value: number | null): Shown => dissolved(value, language());
export const conc = (value: number | null): string => join(dissolved(value, language()));
/** In mg/L, for columns whose head names the unit. */
export const milli = (value: number | null): string => (value === null ? '—' : significant(fromSi(value, 'mg/L'), language()));
export const level = (value: number | null): string => (value === null ? '—' : number(value, 2, language()));
export const percent = (share: number): string => `${number(100 * share, 0, language())} %`;

const CHARGED: Readonly<Record<string, string>> = { f: 'F⁻', cl: 'Cl⁻', no3: 'NO₃⁻', so4: 'SO₄²⁻', nh4: 'NH₄⁺', cn: 'CN⁻' };

/** Short name of what is dissolved. */
export function dissolvedName(index: SceneIndex | null, substance: string | null): string {
  if (substance === null) return '';
  return CHARGED[substance] ?? (index ? formula(index, substance) : substance.toUpperCase());
}

/** `GB/T 14848 class III` as it is called here. */
export function className(front: Front): string {
  return isClassIII(front.class) ? tw('class') : front.class;
}

export function arrivalWords(row: WaterTarget): string {
  if (!row.arrival_s || !Number.isFinite(row.arrival_s.median)) return tw('target.never');
  return row.arrival_s.median <= 0 ? tw('target.reached') : spanWords(row.arrival_s.median);
}

/** Arrival with its band. */
export function arrivalBand(row: WaterTarget): string {
  const found = row.arrival_s;
  if (!found || found.median <= 0) return arrivalWords(row);
  const text = (value: number): string => {
    const part = spanParts(Math.max(0, value), found.median);
    return number(part.n, part.decimals, language());
  };
  return `${tw(`span.${spanParts(found.median).unit}`, { n: text(found.median) })} (${text(found.low)}–${text(found.high)})`;
}

/** Where the front goes: from the middle of now's to the middle of the last one's; null where it stands. */
export function heading(now: WaterNow, substance: string | null): number | null {
  const last = Math.max(0, ...now.fronts.filter((row) => row.substance === substance).map((row) => row.lead_s));
  const from = middleOf(bodies(frontAt(now, substance, 0)?.median ?? []).slice(0, 1));
  const to = middleOf(bodies(frontAt(now, substance, last)?.median ?? []).slice(0, 1));
  if (!from || !to || Math.hypot(to[0] - from[0], to[1] - from[1]) < 1) return null;
  return ((Math.atan2(to[0] - from[0], to[1] - from[1]) * 180) / Math.PI + 360) % 360;
}

/** What is there, how far and whither: one sentence; each number with its 95 % band. */
export function spreadSentence(index: SceneIndex | null, now: WaterNow, substance: string | null, lead_s: number): string {
  const front = frontAt(now, substance, lead_s);
  const name = dissolvedName(index, substance);
  const comma = language() === 'zh' ? '，' : ', ';
  if (!front || front.area_m2.high <= 0) return tw('sit.none', { name, limit: conc(front?.limit_kg_m3 ?? limitOf(now, substance)) });
  const towards = heading(now, substance);
  const parts = [
    tw('sit.area', { name, class: className(front), limit: conc(front.limit_kg_m3), area: bandWords(front.area_m2, areaShown) }),
    tw('sit.reach', { reach: bandWords(front.reach_m, lengthShown) }),
    ...(towards === null ? [] : [tw('sit.going', { dir: compass(towards, language(), 8) })]),
  ];
  return parts.join(comma) + (language() === 'zh' ? '。' : '.');
}

/** Towards whom and when. */
export function targetSentence(now: WaterNow, substance: string | null): string {
  const first = urgent(now.targets, substance)[0];
  const [comma, end] = language() === 'zh' ? ['，', '。'] : [', ', '.'];
  if (!first || (!first.arrival_s && first.probability_365d < 0.025)) return tw('sit.safe') + end;
  const name = say(first.name);
  if (first.arrival_s && first.arrival_s.median <= 0) return tw('sit.here', { name }) + end;
  const chance = tw('sit.chance', { p: percent(first.probability_365d) });
  if (!first.arrival_s) return `${name}${comma}${chance}${end}`;
  return `${tw('sit.toward', { name, when: arrivalBand(first) })}${comma}${chance}${end}`;
}

/** A budget's term: by its kind, with the name of the thing where it says which. */
export function termName(index: SceneIndex | null, name: string): string {
  const words = name.split(' ');
  const kind = twMaybe(`term.${name.toLowerCase().replaceAll(' ', '_')}`, '') || twMaybe(`term.${(words[0] ?? '').toLowerCase()}`, '');
  if (kind === '') return name;
  const id = words.slice(1).join(' ');
  const named = say(index?.names.get(id));
  return named === '' ? kind : `${kind} ${named}`;
}

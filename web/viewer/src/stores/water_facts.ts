/** What is made of a now-cast of the groundwater: fronts, scales, wells beside the model, targets, sections, remedies. Pure. */

import type { SectionCut, WaterScale } from '../contract';
import type { Band, Front, Remedy, RemedyLead, Rings, Risk, WaterComparison, WaterNow, WaterTarget, WaterVolume, WaterWarning, WaterWell } from '../wire_water';
import type { WaterStores } from './water';
import { standing } from './water';

/** A now-cast older than this is named but not drawn. */
export const WATER_TOO_OLD_MS = 48 * 3_600_000;

const RISKS: readonly Risk[] = ['none', 'low', 'medium', 'high'];

export function riskRank(risk: Risk): number {
  return Math.max(0, RISKS.indexOf(risk));
}

/** The chosen substance, else that of the worst target, else that with the largest area, else the first. */
export function substanceIn(now: WaterNow | null, chosen: string | null): string | null {
  if (!now) return null;
  if (chosen !== null && now.substances.includes(chosen)) return chosen;
  const target = urgent(now.targets)[0];
  if (target && riskRank(target.risk) > 0) return target.substance;
  const largest = now.fronts.filter((row) => row.lead_s === 0).sort((a, b) => b.area_m2.median - a.area_m2.median)[0];
  return largest?.substance ?? now.substances[0] ?? null;
}

export function leadsOf(now: WaterNow | null, substance: string | null): readonly number[] {
  const found = new Set((now?.fronts ?? []).filter((row) => row.substance === substance).map((row) => row.lead_s));
  for (const row of now?.volumes ?? []) if (row.substance === substance) found.add(row.lead_s);
  return [...found].sort((a, b) => a - b);
}

export function isClassIII(name: string): boolean {
  return /(^|[\s-])(III|Ⅲ|3)$/.test(name);
}

/** The front of a lead: at the limit of class III where there are several. */
export function frontAt(now: WaterNow | null, substance: string | null, lead_s: number): Front | null {
  const rows = (now?.fronts ?? []).filter((row) => row.substance === substance && row.lead_s === lead_s);
  return rows.find((row) => isClassIII(row.class)) ?? rows[0] ?? null;
}

/** Every lead's front, the nearest first. */
export function frontsOf(now: WaterNow | null, substance: string | null): readonly Front[] {
  return leadsOf(now, substance).flatMap((lead_s) => frontAt(now, substance, lead_s) ?? []);
}

export function backgroundOf(now: WaterNow | null, substance: string | null): number {
  return (substance === null ? null : now?.background_kg_m3?.[substance]) ?? 0;
}

export function limitOf(now: WaterNow | null, substance: string | null): number | null {
  const front = (now?.fronts ?? []).find((row) => row.substance === substance);
  return front?.limit_kg_m3 ?? now?.targets.find((row) => row.substance === substance)?.limit_kg_m3 ?? null;
}

/**
 * Colours of what lies above the natural background, as volumes do: a third of the limit to a hundred times that, both less
 * the background; without a limit the three decades below the greatest value.
 */
export function scaleOf(now: WaterNow | null, substance: string | null): WaterScale {
  const whole = limitOf(now, substance);
  const limit = whole === null ? null : whole - backgroundOf(now, substance);
  if (limit !== null && limit > 0) return { low: limit / 3, high: (limit / 3) * 100, limit };
  const most = Math.max(0, ...(now?.volumes ?? []).filter((row) => row.substance === substance).map((row) => row.max_kg_m3));
  const high = most > 0 ? most : 1e-3;
  return { low: high / 1000, high, limit: null };
}

/** The volume of a lead and band; the median where the upper end is not there. */
export function volumeAt(now: WaterNow | null, substance: string | null, lead_s: number, upper: boolean): WaterVolume | null {
  const rows = (now?.volumes ?? []).filter((row) => row.substance === substance && row.lead_s === lead_s);
  return rows.find((row) => row.band === (upper ? 'p975' : 'median')) ?? rows[0] ?? null;
}

/** Targets of one substance, or of all, the most pressing first. */
export function urgent(targets: readonly WaterTarget[], substance: string | null = null): readonly WaterTarget[] {
  return targets.filter((row) => substance === null || row.substance === substance).sort((a, b) =>
    riskRank(b.risk) - riskRank(a.risk) || (a.arrival_s?.median ?? Infinity) - (b.arrival_s?.median ?? Infinity)
    || b.probability_365d - a.probability_365d || a.id.localeCompare(b.id));
}

/** 0 well below the limit, 1 above half of it, 2 above it, 3 above ten times; null where nothing is known. */
export type WellDegree = 0 | 1 | 2 | 3 | null;

export interface WellState {
  readonly degree: WellDegree;
  readonly conc_kg_m3: number | null;
  readonly measured: boolean;
}

/** A well against the limit: what was measured counts while it is fresh, else the model. */
export function wellState(well: WaterWell, substance: string | null, limit: number | null): WellState {
  const stale = substance !== null && well.measured?.[substance]?.fresh === false;
  const measured = substance === null || stale ? null : (well.measured_conc[substance] ?? null);
  const conc = measured ?? (substance === null ? null : (well.conc[substance]?.median ?? null));
  if (conc === null || limit === null || limit <= 0) return { degree: null, conc_kg_m3: conc, measured: measured !== null };
  const ratio = conc / limit;
  return { degree: ratio >= 10 ? 3 : ratio > 1 ? 2 : ratio > 0.5 ? 1 : 0, conc_kg_m3: conc, measured: measured !== null };
}

export function outside(value: number | null, band: Band | undefined): boolean {
  return value !== null && band !== undefined && (value < band.low || value > band.high);
}

/** Share of wells whose measured level lies in the model's band. */
export function levelAgreement(wells: readonly WaterWell[]): { readonly n: number; readonly inside: number } {
  const told = wells.filter((row) => row.measured_level !== null);
  return { n: told.length, inside: told.filter((row) => !outside(row.measured_level, row.level)).length };
}

/** What went in less what went out, as a share of the larger; null where nothing flows. */
export function imbalance(rows: readonly { readonly in_m3_s: number; readonly out_m3_s: number }[]): number | null {
  const came = rows.reduce((sum, row) => sum + row.in_m3_s, 0);
  const went = rows.reduce((sum, row) => sum + row.out_m3_s, 0);
  return Math.max(came, went) > 0 ? (came - went) / Math.max(came, went) : null;
}

const MARGIN_SHARE = 0.42;
const SHORTEST_M = 480;

/** The vertical cut along the long axis of an area: of its points, by their covariance. */
export function cutAlong(rings: Rings): SectionCut | null {
  const points = rings.flat();
  const n = points.length;
  if (n < 3) return null;
  const mx = points.reduce((sum, [x]) => sum + x, 0) / n;
  const my = points.reduce((sum, [, y]) => sum + y, 0) / n;
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
    xy += (x - mx) * (y - my);
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [ux, uy] = [Math.cos(angle), Math.sin(angle)];
  const along = points.map(([x, y]) => (x - mx) * ux + (y - my) * uy);
  const [from, to] = [Math.min(...along), Math.max(...along)];
  const half = Math.max(SHORTEST_M, (to - from) * (1 + 2 * MARGIN_SHARE)) / 2;
  const middle = (from + to) / 2;
  const at = (d: number): [number, number] => [mx + ux * (middle + d), my + uy * (middle + d)];
  // From west to east, so that one looks north at it.
  return ux >= 0 ? { a: at(-half), b: at(half) } : { a: at(half), b: at(-half) };
}

/** Area inside a closed ring, counter-clockwise positive. */
export function ringArea(ring: Rings[number]): number {
  return 0.5 * ring.reduce((sum, [x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length] ?? [x, y];
    return sum + x * ny - nx * y;
  }, 0);
}

const LEAST_SHARE = 0.04;

/** Outer rings, the largest first, but for those that are crumbs beside it; holes are left out. */
export function bodies(rings: Rings): Rings {
  const outer = rings.filter((ring) => ringArea(ring) > 0);
  const sorted = (outer.length > 0 ? [...outer] : [...rings]).sort((a, b) => Math.abs(ringArea(b)) - Math.abs(ringArea(a)));
  const most = Math.abs(ringArea(sorted[0] ?? []));
  return sorted.filter((ring) => Math.abs(ringArea(ring)) >= LEAST_SHARE * most);
}

export { standing };

const RESPONSES: readonly (string | null)[] = ['III', 'II', 'I'];

/** What stands, the worst first: by risk, by response; what was measured before what is expected, then the newest. */
export function worstWarnings(warnings: readonly WaterWarning[]): readonly WaterWarning[] {
  return [...standing(warnings)].sort((a, b) => riskRank(b.risk ?? 'none') - riskRank(a.risk ?? 'none')
    || RESPONSES.indexOf(b.response) - RESPONSES.indexOf(a.response) || Number(b.kind === 'well') - Number(a.kind === 'well') || b.t - a.t);
}

/** The point of an area that lies farthest from a place, in a direction where one is given: where a front's name stands. */
export function farthest(rings: Rings, from: readonly [number, number], towards_deg: number | null = null): readonly [number, number] | null {
  let best: readonly [number, number] | null = null;
  let most = -Infinity;
  const [ux, uy] = towards_deg === null ? [0, 0] : [Math.sin((towards_deg * Math.PI) / 180), Math.cos((towards_deg * Math.PI) / 180)];
  for (const [x, y] of rings.flat()) {
    const [dx, dy] = [x - from[0], y - from[1]];
    const d = towards_deg === null ? Math.hypot(dx, dy) : dx * ux + dy * uy;
    if (d > most) [best, most] = [[x, y], d];
  }
  return best;
}

/** Centre of gravity of an area; holes count as such. */
export function middleOf(rings: Rings): readonly [number, number] | null {
  let [area, mx, my] = [0, 0, 0];
  const [ox, oy] = rings[0]?.[0] ?? [0, 0];
  for (const ring of rings) {
    ring.forEach(([x, y], i) => {
      const [nx, ny] = ring[(i + 1) % ring.length] ?? [x, y];
      const twice = (x - ox) * (ny - oy) - (nx - ox) * (y - oy);
      area += twice;
      mx += (x + nx - 2 * ox) * twice;
      my += (y + ny - 2 * oy) * twice;
    });
  }
  if (rings.length === 0 || area === 0) return rings[0]?.[0] ?? null;
  return [ox + mx / (3 * area), oy + my / (3 * area)];
}

/**
 * The newest comparison of what is, or of the exercises; of the substance, of any where it has none. What could be compared
 * goes before what could not: a what-if that failed hides nothing.
 */
export function comparisonOf(rows: readonly WaterComparison[], substance: string | null, exercise = false): WaterComparison | null {
  const sorted = rows.filter((row) => row.exercise === exercise).sort((a, b) => b.t - a.t || b.k - a.k);
  const made = sorted.filter((row) => row.options.length > 0);
  return made.find((row) => row.substance === substance) ?? made[0] ?? sorted[0] ?? null;
}

/** Why the newest exercise could not be compared; null where it could. */
export function failedExercise(rows: readonly WaterComparison[]): WaterComparison | null {
  const newest = rows.filter((row) => row.exercise).sort((a, b) => b.t - a.t || b.k - a.k)[0];
  return newest && newest.options.length === 0 ? newest : null;
}

export function baselineOf(comparison: WaterComparison | null): Remedy | null {
  return comparison?.options.find((row) => row.id === comparison.baseline) ?? null;
}

/** Options beside doing nothing. */
export function remediesOf(comparison: WaterComparison | null): readonly Remedy[] {
  return comparison?.options.filter((row) => row.id !== comparison.baseline) ?? [];
}

/** A lead of an option; the nearest one where that lead was not computed. */
export function leadAt(option: Remedy | null, lead_s: number): RemedyLead | null {
  return nearest(option?.leads ?? [], lead_s);
}

export function nearest<T extends { readonly lead_s: number }>(rows: readonly T[], lead_s: number): T | null {
  return [...rows].sort((a, b) => Math.abs(a.lead_s - lead_s) - Math.abs(b.lead_s - lead_s))[0] ?? null;
}

export function riskCount(row: RemedyLead | null): number | null {
  if (!row) return null;
  return typeof row.risk_targets === 'number' ? row.risk_targets : row.risk_targets.length;
}

/** How much less than doing nothing, as a share; null where there is nothing to lessen. */
export function saved(option: RemedyLead | null, nothing: RemedyLead | null, what: 'mass_kg' | 'area_m2'): number | null {
  if (!option || !nothing || nothing[what].median <= 0) return null;
  return 1 - option[what].median / nothing[what].median;
}

/** What is shown beside doing nothing: the chosen option of the newest comparison, null without one. */
export function shownRemedy(water: WaterStores): { readonly comparison: WaterComparison; readonly option: Remedy } | null {
  const chosen = water.remedy.get();
  if (chosen === null) return null;
  const comparison = comparisonOf(water.comparisons.get(), substanceIn(water.now.get(), water.substance.get()), water.exercise.get());
  const option = comparison?.options.find((row) => row.id === chosen);
  return comparison && option ? { comparison, option } : null;
}

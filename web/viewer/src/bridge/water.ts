/** From what is known of the groundwater to what the 3D world is told: drawing, body, tones of wells, labels. */

import type { AreaRings, GroundDrawing, Vec3, World, WorldLabel } from '../contract';
import { language, say } from '../i18n';
import { tw } from '../i18n/water';
import { effect, untracked } from '../stores/signal';
import type { Stores } from '../stores/stores';
import { fieldPicture } from '../stores/water_field';
import {
  baselineOf, bodies, farthest, frontAt, frontsOf, limitOf, middleOf, nearest, riskRank, scaleOf, shownRemedy, substanceIn, urgent, wellState,
  WATER_TOO_OLD_MS, type WellDegree,
} from '../stores/water_facts';
import type { Front, Remedy, WaterNow, WaterTarget } from '../wire_water';
import { arrivalWords, heading, leadName } from '../ui/water/words';

const NOW_LINE = 0xff9ccb;
const AHEAD_LINE = 0xd9a6ff;
export const NOTHING_LINE = 0xffb347;
export const REMEDY_LINE = 0x52f0a8;
const FLOW_LINE = 0x9bdcff;
const NOW_FILL = '#ff5fae';
const AHEAD_FILL = '#b57bff';
/** Risk of a target, degree of a well: none, watch, over, far over. */
export const TONES = [0x43d17c, 0xffd24a, 0xff8f33, 0xff5757] as const;

type Line = GroundDrawing['lines'][number];
type Area = GroundDrawing['areas'][number];

function outline(rings: AreaRings, look: Omit<Line, 'points' | 'closed'>): Line[] {
  return rings.map((points) => ({ points, closed: true, ...look }));
}

/** Possibly inside pale, surely inside stronger; what is only expected is hatched. */
function bandAreas(front: Front): Area[] {
  const ahead = front.lead_s > 0;
  const colour = ahead ? AHEAD_FILL : NOW_FILL;
  return [
    { rings: front.high, colour, alpha: ahead ? 0.4 : 0.27, hatched: ahead },
    { rings: front.low, colour, alpha: ahead ? 0.6 : 0.5, hatched: ahead },
  ];
}

/** The chosen lead's band and line; where the others run, thin and broken. */
function frontLines(fronts: readonly Front[], lead_s: number): Line[] {
  return fronts.flatMap((front) => {
    const ahead = front.lead_s > 0;
    const chosen = front.lead_s === lead_s;
    // A dark line below keeps the bright one apart from roads and roofs.
    const under = chosen ? outline(front.median, { colour: 0x2a0620, alpha: 0.55, width_px: 5, dash_m: 0 }) : [];
    return under.concat(outline(front.median, {
      colour: ahead ? AHEAD_LINE : NOW_LINE, alpha: chosen ? 1 : ahead ? 0.55 : 0.85, width_px: chosen ? 3.2 : 1.3, dash_m: ahead ? (chosen ? 26 : 14) : 0,
    }));
  });
}

const ARROW_M = 14;

/** Flow lines with a head at their end. */
function flowLines(rows: AreaRings): Line[] {
  const look = { closed: false, colour: FLOW_LINE, alpha: 0.75, width_px: 1.4, dash_m: 0 } as const;
  return rows.flatMap((points) => {
    const [from, to] = [points[points.length - 2], points[points.length - 1]];
    if (!from || !to) return [];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const [ux, uy] = [((to[0] - from[0]) / length) * ARROW_M, ((to[1] - from[1]) / length) * ARROW_M];
    const head = [[to[0] - ux - 0.5 * uy, to[1] - uy + 0.5 * ux], to, [to[0] - ux + 0.5 * uy, to[1] - uy - 0.5 * ux]] as const;
    return [{ points, ...look }, { points: head, ...look }];
  });
}

function circle(x: number, y: number, radius_m: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 28 }, (_, i) => [x + radius_m * Math.cos((i / 14) * Math.PI), y + radius_m * Math.sin((i / 14) * Math.PI)] as const);
}

function targetLines(targets: readonly WaterTarget[]): Line[] {
  return targets.flatMap((row) => [16, 22].map((radius_m): Line => ({
    points: circle(row.x_m, row.y_m, radius_m), closed: true, colour: TONES[riskRank(row.risk)] ?? TONES[0], alpha: 1, width_px: 2.2, dash_m: 0,
  })));
}

/** Doing nothing and the option, one line each, and where the option is at work. */
function remedyDrawing(nothing: Remedy | null, option: Remedy, lead_s: number): { areas: Area[]; lines: Line[] } {
  const [before, after] = [nearest(nothing?.fronts ?? [], lead_s)?.median ?? [], nearest(option.fronts, lead_s)?.median ?? []];
  return {
    areas: [
      { rings: before, colour: '#ffb347', alpha: 0.34, hatched: true },
      { rings: after, colour: '#52f0a8', alpha: 0.4, hatched: false },
      ...(option.area ? [{ rings: option.area, colour: '#ffffff', alpha: 0.35, hatched: true }] : []),
    ],
    lines: [
      ...outline(before, { colour: NOTHING_LINE, alpha: 1, width_px: 3, dash_m: 30 }),
      ...outline(after, { colour: REMEDY_LINE, alpha: 1, width_px: 3, dash_m: 0 }),
      ...outline(option.area ?? [], { colour: 0xffffff, alpha: 0.95, width_px: 2, dash_m: 0 }),
    ],
  };
}

/** Everything of the groundwater that lies on the ground now. */
export function drawingOf(stores: Stores): GroundDrawing | null {
  const { water } = stores;
  const now = water.now.get();
  const substance = substanceIn(now, water.substance.get());
  if (!now || !water.fronts.get() || stores.coarse_ms.get() - now.t > WATER_TOO_OLD_MS) return null;
  const lead_s = water.lead_s.get();
  const [grid, kind] = [water.grid.get(), water.field.get()];
  const field = grid && kind !== 'none' ? fieldPicture(grid, kind) : null;
  const flow = water.flow.get() ? flowLines(now.flow_lines) : [];
  const targets = targetLines(urgent(now.targets, substance));
  const shown = shownRemedy(water);
  if (shown) {
    const { areas, lines } = remedyDrawing(baselineOf(shown.comparison), shown.option, lead_s);
    return { areas, field, lines: [...flow, ...lines, ...targets] };
  }
  const front = frontAt(now, substance, lead_s);
  // What lies in the ground is not to be seen through what lies on it.
  const ground = stores.layers.get().get('terrain');
  const solid = ground === undefined || (ground.visible && ground.opacity >= 0.995);
  return { areas: front && solid ? bandAreas(front) : [], field: solid ? field : null, lines: [...flow, ...frontLines(frontsOf(now, substance), lead_s), ...targets] };
}

function targetLabel(row: WaterTarget, z: number): WorldLabel {
  const rank = riskRank(row.risk);
  const tone = (['normal', 'level1', 'level2', 'level3'] as const)[rank] ?? 'normal';
  return {
    id: `target:${row.id}:${row.substance}`, at: [row.x_m, row.y_m, z + 5], lines: [say(row.name), `${tw(`risk.${row.risk}`)} · ${arrivalWords(row)}`], tone,
    priority: 180 + 60 * rank,
  };
}

/** Names of targets, and how far ahead each front is, at its tip. */
export function waterLabels(stores: Stores, ground: (x: number, y: number) => number | null): readonly WorldLabel[] {
  const { water } = stores;
  const now = water.now.get();
  if (!now || !water.fronts.get() || stores.layers.get().get('fronts')?.visible === false) return [];
  const substance = substanceIn(now, water.substance.get());
  const at = (p: readonly [number, number], up: number): Vec3 => [p[0], p[1], (ground(p[0], p[1]) ?? 0) + up];
  const rows = urgent(now.targets, substance).map((row) => targetLabel(row, ground(row.x_m, row.y_m) ?? 0));
  if (shownRemedy(water)) return rows;
  const lead_s = water.lead_s.get();
  const start = middleOf(bodies(frontAt(now, substance, 0)?.median ?? []).slice(0, 1));
  for (const front of frontsOf(now, substance)) {
    const tip = start ? farthest(bodies(front.median).slice(0, 1), start, heading(now, substance)) : null;
    const last = front.lead_s === Math.max(...now.fronts.map((row) => row.lead_s));
    if (!tip || !(front.lead_s === lead_s || last)) continue;
    rows.push({ id: `front:${front.lead_s}`, at: at(tip, 1), lines: [`${tw('front')} ${leadName(front.lead_s)}`], tone: 'normal', priority: front.lead_s === lead_s ? 260 : 90, flat: true });
  }
  return rows;
}

/** Colours of wells against the limit of the shown substance. */
export function wellTones(now: WaterNow | null, substance: string | null): ReadonlyMap<string, number> {
  const limit = limitOf(now, substance);
  const tones = new Map<string, number>();
  for (const well of now?.wells ?? []) {
    const { degree } = wellState(well, substance, limit);
    if (degree !== null) tones.set(well.sensor, toneOf(degree));
  }
  return tones;
}

function toneOf(degree: Exclude<WellDegree, null>): number {
  return TONES[degree];
}

/** Sends only what is new, told by its text. */
function onlyNew<T>(send: (value: T) => void, text: (value: T) => string): (value: T) => void {
  let last = '';
  return (value) => {
    const now = text(value);
    if (now === last) return;
    last = now;
    untracked(() => send(value));
  };
}

function drawingText(drawing: GroundDrawing | null): string {
  if (!drawing) return '';
  const { field, areas, lines } = drawing;
  const sum = field ? field.rgba.reduce((a, b) => (a * 31 + b) | 0, 7) : 0;
  return JSON.stringify([areas, lines, field?.corner, sum]);
}

/** Keeps the world in step with the groundwater's stores. */
export function bindWater(stores: Stores, world: World): void {
  const { water } = stores;
  const draw = onlyNew<GroundDrawing | null>((drawing) => world.setDrawing(drawing), drawingText);
  effect(() => draw(drawingOf(stores)));
  const tones = onlyNew<ReadonlyMap<string, number>>((map) => world.setWellTones(map), (map) => JSON.stringify([...map]));
  effect(() => {
    const now = water.now.get();
    const old = now !== null && stores.coarse_ms.get() - now.t > WATER_TOO_OLD_MS;
    tones(wellTones(old ? null : now, substanceIn(now, water.substance.get())));
  });
  const say_ = onlyNew<readonly WorldLabel[]>((rows) => water.labels.set(rows), (rows) => JSON.stringify(rows));
  effect(() => {
    language();
    say_(waterLabels(stores, (x, y) => world.ground(x, y)));
  });
  let drawn: readonly [ArrayBuffer | null, string] = [null, ''];
  effect(() => {
    const shown = water.dissolved.get();
    const now = water.now.get();
    const old = now !== null && stores.coarse_ms.get() - now.t > WATER_TOO_OLD_MS;
    const scale = scaleOf(now, substanceIn(now, water.substance.get()));
    const next = [shown && !old ? shown.bytes : null, JSON.stringify(scale)] as const;
    if (next[0] === drawn[0] && (next[1] === drawn[1] || next[0] === null)) return;
    drawn = next;
    untracked(() => world.setWaterPlume(next[0], scale));
  });
}

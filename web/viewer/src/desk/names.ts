/** Names of stations, sensors, series and substances out of scene.json. */

import { readScene } from '../wire';
import type { Names } from './context';

export const NO_NAMES: Names = { series: new Map(), places: new Map(), formulas: new Map() };

export function readNames(raw: unknown): Names {
  const scene = readScene(raw);
  const places = [...scene.stations, ...scene.beams, ...scene.wells].map((row) => [row.id, row.name] as const);
  return {
    series: new Map(scene.series.map((row) => [row.key, row])),
    places: new Map(places),
    formulas: new Map(scene.substances.map((row) => [row.id, row.formula])),
  };
}

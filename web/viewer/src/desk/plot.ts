/** Curves of the desk, drawn as SVG: numbers and axes are worked out here without elements, then drawn. */

import { s } from '../ui/dom';

export interface PlotPoint {
  readonly t: number;
  readonly v: number | null;
  /** Class of a dot to be drawn at the point; empty for none. */
  readonly mark?: string;
}

export interface PlotOptions {
  readonly from: number;
  readonly to: number;
  readonly points: readonly PlotPoint[];
  readonly band?: { readonly from: number; readonly to: number };
  readonly limits?: readonly number[];
  /** Length of the means that the points begin; 0: moments, joined by lines. */
  readonly step_ms?: number;
  /** Width for a height of 210. */
  readonly width?: number;
  readonly label: string;
  format(value: number): string;
  time(ms: number): string;
}

const DEFAULT_WIDTH = 720;
const HEIGHT = 210;
const LEFT = 58;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;

/** Round numbers that cover a span: about `wanted` of them. */
export function ticks(low: number, high: number, wanted: number): readonly number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const found: number[] = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

const TIME_STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 43_200];

/** Whole minutes, hours or days of park time inside a span; about `wanted`. */
export function timeTicks(from: number, to: number, wanted: number, offset_h: number): readonly number[] {
  const rough_min = (to - from) / 60_000 / wanted;
  const step = (TIME_STEPS_MIN.find((one) => one >= rough_min) ?? 43_200) * 60_000;
  const shift = offset_h * 3_600_000;
  const found: number[] = [];
  for (let at = Math.ceil((from + shift) / step) * step - shift; at <= to; at += step) found.push(at);
  return found;
}

/** Low and high of all numbers, with air around them; a flat line gets some too. */
export function extent(values: readonly number[]): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const air = high > low ? (high - low) * 0.08 : Math.abs(high) * 0.1 || 1;
  return [low >= 0 && low - air < 0 ? 0 : low - air, high + air];
}

/** Path that breaks where there is no number; means are drawn as long as they last. */
export function path(points: readonly PlotPoint[], x: (t: number) => number, y: (v: number) => number, step_ms: number): string {
  let open = false;
  let text = '';
  for (const { t, v } of points) {
    if (v === null) {
      open = false;
      continue;
    }
    text += `${open ? 'L' : 'M'}${x(t).toFixed(1)} ${y(v).toFixed(1)}`;
    if (step_ms > 0) text += `H${x(t + step_ms).toFixed(1)}`;
    open = true;
  }
  return text;
}

export function plot(options: PlotOptions, offset_h: number): SVGSVGElement {
  const width = options.width ?? DEFAULT_WIDTH;
  const values = options.points.map((point) => point.v).filter((v): v is number => v !== null);
  const [low, high] = extent([...values, ...(options.limits ?? [])]);
  const x = (t: number): number => LEFT + ((t - options.from) / Math.max(1, options.to - options.from)) * (width - LEFT - RIGHT);
  const y = (v: number): number => TOP + (1 - (v - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const band = options.band;
  const clip = (t: number): number => Math.max(LEFT, Math.min(width - RIGHT, x(t)));
  return s('svg', { class: 'plot', viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': options.label },
    band ? s('rect', { class: 'doubt', x: clip(band.from) - 2, y: TOP, width: Math.max(4, clip(band.to) - clip(band.from) + 4), height: HEIGHT - TOP - BOTTOM }) : null,
    ...ticks(low, high, 4).flatMap((v) => [
      s('line', { class: 'axis', x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }),
      s('text', { x: LEFT - 6, y: y(v) + 4, 'text-anchor': 'end' }, options.format(v)),
    ]),
    ...timeTicks(options.from, options.to, Math.round(width / 120), offset_h).map((at) => s('text', { x: x(at), y: HEIGHT - 7, 'text-anchor': 'middle' }, options.time(at))),
    ...(options.limits ?? []).map((v) => s('line', { class: 'limit', x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) })),
    s('path', { class: 'line', d: path(options.points, x, y, options.step_ms ?? 0) }),
    ...options.points.filter((point) => point.mark !== undefined && point.mark !== '' && point.v !== null).map((point) =>
      s('circle', { class: `dot ${point.mark ?? ''}`, cx: x(point.t).toFixed(1), cy: y(point.v ?? 0).toFixed(1), r: 3.6 })));
}

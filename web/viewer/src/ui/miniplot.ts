/** Small line pictures over one span of time, drawn as SVG; lines break where there is nothing. */

import { h, s } from './dom';

export interface MiniLine {
  readonly class: string;
  readonly values: readonly (number | null)[];
}

export interface MiniPlot {
  readonly t: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly lines: readonly MiniLine[];
  /** Upper end of the scale; the lower one is zero. */
  readonly top: number;
  /** Values at which a line stands across. */
  readonly marks?: readonly { readonly value: number; readonly class: string }[];
  /** Values turn round at the top, as bearings do: no line is drawn across the turn. */
  readonly turns?: boolean;
}

const WIDTH = 300;
const HEIGHT = 64;
const PAD = 3;

/** Longest step that is not a gap: three times the median one. */
function gap(t: readonly number[]): number {
  const steps = t.slice(1).map((at, i) => at - (t[i] ?? at)).sort((a, b) => a - b);
  return 3.01 * (steps[Math.floor(steps.length / 2)] ?? Infinity);
}

/** Path of one line in picture units; single points become short strokes. */
export function linePath(plot: MiniPlot, values: readonly (number | null)[]): string {
  const x = (at: number): number => (WIDTH * (at - plot.from)) / Math.max(1, plot.to - plot.from);
  const y = (value: number): number => HEIGHT - PAD - ((HEIGHT - 2 * PAD) * Math.min(value, plot.top)) / Math.max(plot.top, 1e-300);
  const widest = gap(plot.t);
  let path = '';
  let last: readonly [number, number] | null = null;
  plot.t.forEach((at, i) => {
    const value = values[i] ?? null;
    if (value === null || at < plot.from || at > plot.to) {
      last = null;
      return;
    }
    const joined = last !== null && at - last[0] <= widest && !(plot.turns && Math.abs(value - last[1]) > plot.top / 2);
    path += `${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}${joined ? '' : 'h.01'}`;
    last = [at, value];
  });
  return path;
}

export function miniplot(plot: MiniPlot, label: string, top: string): HTMLElement {
  const level = (value: number): string => (HEIGHT - PAD - ((HEIGHT - 2 * PAD) * value) / plot.top).toFixed(1);
  const marks = (plot.marks ?? []).filter((mark) => mark.value <= plot.top);
  return h('div', { class: 'miniplot' },
    s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      s('path', { class: 'mini-axis', d: `M0 ${HEIGHT - PAD}H${WIDTH}M0 ${PAD}H${WIDTH}` }),
      ...marks.map((mark) => s('path', { class: `mini-mark ${mark.class}`, d: `M0 ${level(mark.value)}H${WIDTH}` })),
      ...plot.lines.map((line) => s('path', { class: `mini-line ${line.class}`, d: linePath(plot, line.values) }))),
    h('small', { class: 'mini-top' }, top));
}

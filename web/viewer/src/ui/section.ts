/** Moves the section cut: two end points on a small plan, or three sliders. */

import type { SectionCut } from '../contract';
import { language, t } from '../i18n';
import { firstCut, fromCut, longest_m, toCut, type SectionLine } from '../stores/section';
import { join, length, number } from '../units';
import type { Scene } from '../wire';
import type { Context } from './context';
import { h, s } from './dom';
import { exaggerationRow } from './layers';

type End = 'a' | 'b';
const STEP_M = 25;
/** Layers are thin against the length of a section; the factor stands over the picture while it holds. */
const SECTION_EXAGGERATION = 4;

function path(ring: readonly (readonly [number, number])[], closed: boolean): string {
  return ring.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(0)} ${(-y).toFixed(0)}`).join('') + (closed ? 'Z' : '');
}

function backdrop(scene: Scene): SVGElement[] {
  return [
    ...scene.waters.map((row) => s('path', { d: path(row.line, false), class: 'map-water' })),
    ...scene.roads.map((row) => s('path', { d: path(row.line, false), class: 'map-road' })),
    ...scene.areas.map((row) => s('path', { d: path(row.ring, true), class: 'map-area' })),
    ...scene.wells.map((row) => s('circle', { cx: row.x, cy: -row.y, r: longest_m(scene.extent) / 120, class: 'map-well' })),
  ];
}

function place(svg: SVGSVGElement, event: PointerEvent): [number, number] | null {
  const matrix = svg.getScreenCTM();
  if (!matrix) return null;
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  return [point.x, -point.y];
}

function moved(cut: SectionCut, end: End, to: readonly [number, number], extent: Scene['extent']): SectionCut {
  const inside: readonly [number, number] = [
    Math.min(extent[2], Math.max(extent[0], to[0])), Math.min(extent[3], Math.max(extent[1], to[1]))];
  const next = end === 'a' ? { a: inside, b: cut.b } : { a: cut.a, b: inside };
  return Math.hypot(next.b[0] - next.a[0], next.b[1] - next.a[1]) < 2 * STEP_M ? cut : next;
}

function handle(ctx: Context, svg: SVGSVGElement, scene: Scene, end: End): SVGElement {
  const { section } = ctx.stores;
  const radius = (scene.extent[2] - scene.extent[0]) / 40;
  const set = (to: readonly [number, number]): void => section.update((cut) => (cut ? moved(cut, end, to, scene.extent) : cut));
  const keys: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [-STEP_M, 0], ArrowRight: [STEP_M, 0], ArrowUp: [0, STEP_M], ArrowDown: [0, -STEP_M],
  };
  const circle = s('circle', {
    r: radius, class: 'map-handle', tabindex: 0, role: 'slider', 'aria-label': () => t(end === 'a' ? 'section.a' : 'section.b'),
    'aria-valuetext': () => section.get()?.[end].map((value) => number(value, 0, language())).join(', ') ?? '',
    'aria-valuenow': () => Math.round(section.get()?.[end][0] ?? 0),
    cx: () => section.get()?.[end][0] ?? 0, cy: () => -(section.get()?.[end][1] ?? 0), visibility: () => (section.get() ? 'visible' : 'hidden'),
    onkeydown: (event: KeyboardEvent) => {
      const by = keys[event.key];
      const cut = section.peek();
      if (!by || !cut) return;
      event.preventDefault();
      event.stopPropagation();
      set([cut[end][0] + by[0], cut[end][1] + by[1]]);
    },
    onpointerdown: (event: PointerEvent) => circle.setPointerCapture(event.pointerId),
    onpointermove: (event: PointerEvent) => {
      if (!circle.hasPointerCapture(event.pointerId)) return;
      const to = place(svg, event);
      if (to) set(to);
    },
  }) as SVGCircleElement;
  return circle;
}

function plan(ctx: Context, scene: Scene): SVGSVGElement {
  const [x0, y0, x1, y1] = scene.extent;
  const { section } = ctx.stores;
  const at = (end: End, axis: 0 | 1) => (): number => (section.get()?.[end][axis] ?? 0) * (axis === 1 ? -1 : 1);
  const svg = s('svg', { class: 'section-map', viewBox: `${x0} ${-y1} ${x1 - x0} ${y1 - y0}`, role: 'group', 'aria-label': () => t('section.map') },
    s('rect', { x: x0, y: -y1, width: x1 - x0, height: y1 - y0, class: 'map-ground' }),
    ...backdrop(scene),
    s('line', { x1: at('a', 0), y1: at('a', 1), x2: at('b', 0), y2: at('b', 1), class: 'map-line', visibility: () => (section.get() ? 'visible' : 'hidden') }));
  svg.append(handle(ctx, svg, scene, 'a'), handle(ctx, svg, scene, 'b'));
  return svg;
}

function slider(ctx: Context, scene: Scene, name: 'section.position' | 'section.angle' | 'section.length', range: readonly [number, number, number],
  read: (line: SectionLine) => number, write: (line: SectionLine, value: number) => SectionLine, words: (value: number) => string): HTMLElement {
  const { section } = ctx.stores;
  const value = (): number => {
    const cut = section.get();
    return cut ? read(fromCut(cut, scene.extent)) : 0;
  };
  const input: HTMLInputElement = h('input', {
    type: 'range', min: range[0], max: range[1], step: range[2], value: () => String(value()), disabled: () => section.get() === null,
    'aria-label': () => t(name),
    oninput: (): void => section.update((cut) => (cut ? toCut(write(fromCut(cut, scene.extent), Number(input.value)), scene.extent) : cut)),
  });
  return h('div', { class: 'layer' }, h('span', {}, () => t(name)), input, h('output', {}, () => (section.get() ? words(value()) : '')));
}

function turn(ctx: Context, scene: Scene, on: boolean): void {
  const { section, layers, exaggeration } = ctx.stores;
  section.set(on ? firstCut(scene) : null);
  exaggeration.update((factor) => (on && factor === 1 ? SECTION_EXAGGERATION : !on && factor === SECTION_EXAGGERATION ? 1 : factor));
  if (!on) return;
  layers.update((old) => new Map(old).set('strata', { visible: true, opacity: 1 }));
  ctx.actions.showSection();
}

export function sectionTool(ctx: Context): HTMLElement {
  const scene = ctx.stores.scene.peek()?.scene;
  if (!scene) return h('p', { class: 'empty' }, () => t('app.loading'));
  const { section } = ctx.stores;
  const on: HTMLInputElement = h('input', { type: 'checkbox', checked: () => section.get() !== null, onchange: (): void => turn(ctx, scene, on.checked) });
  const most = longest_m(scene.extent);
  const metres = (value: number): string => join(length(value, language()));
  return h('div', { class: 'section-tool' },
    h('label', { class: 'switch' }, on, h('span', {}, () => t('section.on'))),
    plan(ctx, scene),
    slider(ctx, scene, 'section.position', [-most / 2, most / 2, 5], (line) => line.offset_m, (line, value) => ({ ...line, offset_m: value }), metres),
    slider(ctx, scene, 'section.angle', [0, 179, 1], (line) => line.bearing_deg, (line, value) => ({ ...line, bearing_deg: value }), (value) => `${number(value, 0, language())}°`),
    slider(ctx, scene, 'section.length', [200, most, 10], (line) => line.length_m, (line, value) => ({ ...line, length_m: value }), metres),
    exaggerationRow(ctx),
    h('p', { class: 'muted caption' }, () => t('section.hint')));
}

/** Curve of the chosen sensor, or of the worst beam while nothing is chosen. */

import { language, t } from '../i18n';
import { appended, gap_ms, points, shape, stepFor, type CurvePoint } from '../stores/curve';
import { gasSeries, type SceneIndex } from '../stores/scene_index';
import { computed, effect, onStop, signal, untracked, type Readable } from '../stores/signal';
import { displayUnit, fromSi, plain, unitLabel } from '../units';
import { splitKey, substanceOf, type Series } from '../wire';
import type { Chart, ChartData } from './chart';
import type { Context } from './context';
import { each, h } from './dom';
import { ApiFailure } from '../failure';
import { panel } from './panel';
import { hourMinute, levelShape, nameOf, quantityName } from './words';

interface Loaded {
  readonly key: string;
  readonly series: Series;
  readonly points: readonly CurvePoint[];
}

const REFRESH_MS = 300_000;

/** Series that belong to a chosen thing, the first being the one that is drawn. */
export function seriesOf(index: SceneIndex, kind: string, id: string): readonly string[] {
  if (kind === 'beam') return gasSeries(index, id).map((row) => row.key);
  const sensor = kind === 'station' ? (index.station.get(id)?.weather?.id ?? id) : id;
  return (index.bySensor.get(sensor) ?? []).map((row) => row.key);
}

function candidates(ctx: Context): readonly string[] {
  const { scene, selected, overall } = ctx.stores;
  const index = scene.get();
  if (!index) return [];
  const chosen = selected.get();
  const own = chosen ? seriesOf(index, chosen.kind, chosen.id) : [];
  if (own.length > 0) return own;
  const worst = overall.get().worst;
  if (worst) return [worst.key];
  const first = index.scene.beams[0];
  return first ? seriesOf(index, 'beam', first.id) : [];
}

function toDisplay(quantity: string): (value: number) => number {
  const unit = displayUnit(quantity);
  return unit === '' ? (value) => value : (value) => fromSi(value, unit);
}

const list = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((one, i) => one === b[i]);

class CurveBox {
  private readonly keys: Readable<readonly string[]>;
  private readonly wanted = signal<string | null>(null);
  readonly key: Readable<string | null>;
  private readonly loaded = signal<Loaded | null>(null);
  private readonly failed = signal<string | null>(null);
  private readonly busy = signal(false);
  private chart: Chart | null = null;
  private asked = '';
  readonly canvas: HTMLElement;

  constructor(private readonly ctx: Context) {
    this.keys = settled(() => candidates(ctx), list);
    this.key = computed(() => {
      const keys = this.keys.get();
      const wanted = this.wanted.get();
      return wanted !== null && keys.includes(wanted) ? wanted : (keys[0] ?? null);
    });
    this.canvas = h('div', { class: 'curve-canvas', role: 'img', 'aria-label': () => this.title() });
    this.follow();
  }

  private follow(): void {
    const { stores } = this.ctx;
    const wish = settled(() => {
      const replaying = stores.replay.get() !== null;
      const span = Math.floor((replaying ? (stores.live.get().data_ms ?? 0) : stores.now_ms.get()) / REFRESH_MS);
      return stores.drawn.get() ? `${this.key.get() ?? ''}|${stores.window_h.get()}|${span}` : '';
    });
    effect(() => {
      const text = wish.get();
      if (text !== '') untracked(() => void this.load(text));
    });
    effect(() => {
      const loaded = this.loaded.get();
      const value = loaded ? stores.live.get().values.get(loaded.key) : undefined;
      if (loaded && value && loaded.series.step === 'raw') {
        const rows = appended(loaded.points, value);
        if (rows !== loaded.points) untracked(() => this.loaded.set({ ...loaded, points: rows }));
      }
    });
    effect(() => {
      language();
      this.loaded.get();
      stores.replay.get()?.at;
      void untracked(() => this.draw());
    });
    const watcher = new ResizeObserver(() => this.chart?.resize());
    watcher.observe(this.canvas);
    onStop(() => {
      watcher.disconnect();
      this.chart?.dispose();
      this.chart = null;
    });
  }

  private range(): { from: number; to: number } {
    const { stores } = this.ctx;
    const newest = Math.max(stores.live.peek().data_ms ?? 0, stores.tick_ms.peek());
    return { from: newest - stores.window_h.peek() * 3_600_000, to: newest };
  }

  private async load(wish: string): Promise<void> {
    const key = this.key.peek();
    const index = this.ctx.stores.scene.peek();
    this.asked = wish;
    if (key === null || !index) return;
    const { from, to } = this.range();
    const step = stepFor(this.ctx.stores.window_h.peek(), index.series.get(key)?.interval_s ?? 60);
    this.busy.set(true);
    try {
      const series = await this.ctx.series(key, from, to + 60_000, step);
      if (this.asked !== wish) return;
      this.failed.set(null);
      this.loaded.set({ key, series, points: points(series) });
    } catch (error) {
      if (this.asked === wish) {
        this.loaded.set(null);
        this.failed.set(error instanceof ApiFailure ? error.words(language()) : String(error));
      }
    } finally {
      if (this.asked === wish) this.busy.set(false);
    }
  }

  private async draw(): Promise<void> {
    const loaded = this.loaded.peek();
    if (!loaded) return;
    if (!this.chart) {
      const { makeChart } = await import('./chart');
      if (!this.canvas.isConnected) return;
      this.chart ??= makeChart(this.canvas);
    }
    const present = this.loaded.peek();
    if (present) this.chart.draw(this.data(present));
  }

  private data(loaded: Loaded): ChartData {
    const { stores } = this.ctx;
    const index = stores.scene.peek();
    const { quantity } = splitKey(loaded.key);
    const show = toDisplay(quantity);
    const shift = (index?.scene.utc_offset_h ?? 8) * 3_600_000;
    const interval_s = index?.series.get(loaded.key)?.interval_s ?? 60;
    const curve = shape(loaded.points, gap_ms(interval_s, loaded.series.step));
    const move = ([at, value]: readonly [number, number | null]): [number, number | null] => [at + shift, value === null ? null : show(value)];
    const edge = (column: readonly (number | null)[] | null): [number, number | null][] =>
      (column ?? []).map((value, i) => move([loaded.series.t[i] ?? 0, value]));
    const { from, to } = this.range();
    const substance = quantity.startsWith('conc:') ? substanceOf(quantity) : null;
    const limits = substance ? (index?.thresholds.get(substance) ?? []) : [];
    const last = loaded.points[loaded.points.length - 1]?.t ?? to;
    return {
      line: curve.line.map(move), doubtful: curve.doubtful.map(([at, value]) => [at + shift, show(value)]),
      stopped: curve.stopped.map(([a, b]) => [a + shift, b + shift]),
      low: edge(loaded.series.low), high: edge(loaded.series.high),
      thresholds: limits.map((row) => ({ name: `L${row.level}`, value: show(row.conc_kg_m3), level: row.level })),
      from: from + shift, to: Math.max(to, last) + shift, now: stores.replay.peek() ? (stores.replay.peek()?.at ?? 0) + shift : null,
      zeroBased: quantity.startsWith('conc:') || quantity.startsWith('water:') || quantity === 'wind_speed',
      unit: unitLabel(displayUnit(quantity)), dashed: false, step: false, stoppedName: t('curve.stopped'),
      px: Math.max(10, Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.78)),
      format: (value) => plain(value, language()),
      time: (ms) => hourMinute(index, ms - shift, false),
    };
  }

  title(): string {
    const key = this.key.get();
    if (key === null) return t('curve.title');
    const index = this.ctx.stores.scene.get();
    const { sensor } = splitKey(key);
    const owner = index?.beam.has(sensor) || index?.well.has(sensor) ? sensor : nameOf(index, sensor);
    return `${owner} · ${quantityName(index, key)}`;
  }

  tabs(): HTMLElement {
    const box = h('span', { class: 'panel-tools', hidden: () => this.keys.get().length < 2 });
    each(box, () => this.keys.get(), (key) => key, (_item, key) => h('button', {
      type: 'button', class: 'tab-small', 'aria-pressed': () => String(this.key.get() === key), onclick: () => this.wanted.set(key),
    }, () => this.tabName(key)));
    return box;
  }

  private tabName(key: string): string {
    const index = this.ctx.stores.scene.get();
    const { quantity } = splitKey(key);
    const substance = substanceOf(quantity);
    return substance ? (index?.formulas.get(substance) ?? substance) : quantityName(index, key);
  }

  caption(): string {
    const loaded = this.loaded.get();
    if (this.failed.get() !== null) return t('curve.failed', { why: this.failed.get() ?? '' });
    if (!loaded) return this.busy.get() ? t('curve.loading') : this.key.get() === null ? t('curve.none') : '';
    if (loaded.points.length === 0) return t('curve.empty');
    const index = this.ctx.stores.scene.get();
    const substance = substanceOf(splitKey(loaded.key).quantity);
    const limits = loaded.key.includes('/conc:') && substance ? (index?.thresholds.get(substance) ?? []) : [];
    const words = limits.map((row) => `${levelShape(row.level)}L${row.level} ${units(row.conc_kg_m3)}`);
    const doubtful = loaded.points.some((row) => row.q === 'doubtful') ? [t('curve.doubtful')] : [];
    const band = loaded.series.low ? [t('curve.band')] : [];
    return [t(`curve.step.${loaded.series.step}`), ...band, ...words, ...doubtful, ...(loaded.series.truncated ? [t('curve.truncated')] : [])].join(' · ');
  }

  unit(): string {
    const key = this.key.get();
    return key === null ? '' : unitLabel(displayUnit(splitKey(key).quantity));
  }
}

function units(conc_kg_m3: number): string {
  return plain(fromSi(conc_kg_m3, 'mg/m3'), language());
}

/** A computed that keeps its old value while the new one is equal, so that readers rest. */
function settled<T>(make: () => T, same: (a: T, b: T) => boolean = Object.is): Readable<T> {
  const held = signal(untracked(make), same);
  effect(() => held.set(make()));
  return held;
}

export function curvePanel(ctx: Context): HTMLElement {
  const box = new CurveBox(ctx);
  return panel('curve.title', [
    h('p', { class: 'curve-name' }, () => box.title(), h('small', { class: 'muted' }, () => ` ${box.unit()}`)),
    box.canvas,
    h('p', { class: 'caption muted' }, () => box.caption()),
  ], { className: 'curve', tools: box.tabs() });
}

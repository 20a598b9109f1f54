/** Puts the page together: sources fill stores, stores drive panels and the 3D world. */

import { readAddress, defaultMode, writeAddress, type ViewAddress } from './address';
import { PageActions } from './actions';
import { bindWorld } from './bridge/bind';
import { keepLabelsClear } from './bridge/obstacles';
import { Timings } from './bridge/timings';
import type { Pick, World } from './contract';
import { ApiFailure } from './failure';
import { setLanguage, t } from './i18n';
import { listenToKeys } from './keys';
import { desk } from './modes/desk';
import type { Stage } from './modes/shell';
import { columnsFor } from './modes/columns';
import { wall } from './modes/wall';
import { Api, STREAM_URL } from './sources/api';
import { formatCursor } from './sources/cursor';
import { startClock } from './sources/clock';
import { AirSource } from './sources/air';
import { Frames } from './sources/frames';
import { Live } from './sources/live';
import { Replayer } from './sources/replay';
import { Stream } from './sources/stream';
import { indexScene } from './stores/scene_index';
import { effect, signal, untracked } from './stores/signal';
import { makeStores, type Stores } from './stores/stores';
import type { Context, WaterScreens } from './ui/context';
import type { Scene } from './wire';
import { h, swap } from './ui/dom';

const RETRY_MS = 4_000;
const ADDRESS_MS = 400;

/** Makes the 3D world on a canvas with its labels over it; `tier` null = choose by a probe. */
export type MakeWorld = (canvas: HTMLCanvasElement, labels: HTMLElement, tier: ViewAddress['tier']) => Promise<World>;

export class App {
  readonly stores: Stores = makeStores();
  readonly world = signal<World | null>(null);
  readonly timings = new Timings(() => this.world.peek());
  readonly ready: Promise<void>;
  private readonly api = new Api();
  private readonly screen = h('canvas', { tabindex: 0, 'aria-label': () => t('app.view') });
  private readonly labels = h('div', { class: 'world-labels', 'aria-hidden': 'true' });
  private readonly canvas = h('div', { class: 'canvas' }, this.screen, this.labels);
  private readonly water = signal<WaterScreens | null>(null);
  private readonly hover = signal<Pick | null>(null);
  private readonly picked = signal<Pick | null>(null);
  private readonly actions = new PageActions(this.stores, this.world, () => this.aspect(), () => void this.load());
  private readonly address = readAddress(location.search);
  private loading = false;
  private making: Promise<World | null> | null = null;
  private loaded: () => void = () => undefined;

  constructor(private readonly root: HTMLElement, private readonly makeWorld: MakeWorld) {
    this.ready = new Promise((resolve) => {
      this.loaded = resolve;
    });
  }

  start(): void {
    this.timings.mark('start');
    this.takeAddress();
    startClock(this.stores);
    this.layout();
    listenToKeys(this.actions, this.stores);
    new Frames(this.stores, this.api).start();
    new Replayer(this.stores, this.api).start();
    const air = new AirSource(this.stores, this.api);
    air.start();
    const live = new Live(this.stores, this.api, (event, id, received) => {
      if (event.kind === 'water') this.stores.waterHeard.set(event.water);
      if (event.kind === 'nowcast' || event.kind === 'forecast') air.heard(event);
      this.timings.received({
      kind: event.kind, cursor: id ? formatCursor(id) : null, received,
      stored_ms: event.kind === 'values' ? event.received_ms : null,
      values: event.kind === 'values' ? event.values.map(({ s, t }) => ({ s, t })) : [],
      });
    });
    live.start(new Stream(STREAM_URL, live));
    void this.load();
    this.watchScene();
  }

  /** After a lost connection the server may show another scene; then the page begins anew. */
  private watchScene(): void {
    let lost = false;
    effect(() => {
      const { state } = this.stores.link.get();
      const back = lost && state === 'live';
      if (state !== 'connecting') lost = state === 'lost';
      if (back) void this.reloadIfChanged();
    });
  }

  private async reloadIfChanged(): Promise<void> {
    const known = this.stores.park.peek()?.hash;
    const park = await this.api.park().catch(() => null);
    if (park && known !== undefined && park.hash !== known) location.reload();
  }

  private takeAddress(): void {
    const { stores, address } = this;
    stores.mode.set(address.mode ?? defaultMode(innerWidth, innerHeight));
    stores.layers.set(address.layers);
    stores.selected.set(address.selected);
    stores.section.set(address.section);
    stores.exaggeration.set(address.exaggeration);
    stores.substance.set(address.substance);
    if (address.window_h !== null) stores.window_h.set(address.window_h);
    if (address.at !== null) stores.replay.set({ at: address.at, playing: false });
    stores.language.set(address.language ?? 'zh');
    setLanguage(stores.language.peek());
  }

  /** Fetches park and scene and builds the world; tries again by itself until it works. */
  private async load(): Promise<void> {
    if (this.loading || this.stores.drawn.peek()) return;
    this.loading = true;
    try {
      await this.loadOnce();
      this.stores.fatal.set(null);
    } catch (error) {
      console.error(error);
      const words = error instanceof ApiFailure ? { zh: error.zh, en: error.en } : { zh: String(error), en: String(error) };
      this.stores.fatal.set(words);
      setTimeout(() => void this.load(), RETRY_MS);
    } finally {
      this.loading = false;
    }
  }

  private async loadOnce(): Promise<void> {
    const made = this.worldOrNull();
    const park = await this.api.park();
    this.stores.park.set(park);
    if (this.address.language === null && park.language === 'en') this.actions.setLanguage('en');
    const scene = await this.api.scene(park.scene_url);
    this.timings.mark('scene');
    this.stores.scene.set(indexScene(scene));
    const world = await made;
    if (world) await this.draw(world, park.scene_url, scene);
    this.stores.drawn.set(true);
    this.loaded();
    void this.loadWater(world);
    void this.loadReports();
  }

  /** The groundwater's code comes when the first picture stands; without it the rest goes on. */
  private async loadWater(world: World | null): Promise<void> {
    try {
      const { startWater, waterScreens } = await import('./water');
      startWater(this.stores, this.api, world);
      this.water.set(waterScreens);
    } catch (error) {
      console.error(error);
      setTimeout(() => void this.loadWater(world), RETRY_MS);
    }
  }

  /** The world, made once; null where the browser cannot draw in 3D. */
  private worldOrNull(): Promise<World | null> {
    this.making ??= this.tryWorld();
    return this.making;
  }

  private async tryWorld(): Promise<World | null> {
    try {
      return await this.makeWorld(this.screen, this.labels, this.address.tier);
    } catch (error) {
      console.error(error);
      this.stores.noPicture.set(true);
      return null;
    }
  }

  private async draw(world: World, scene_url: string, scene: Scene): Promise<void> {
    this.world.set(world);
    const base = scene_url.slice(0, scene_url.lastIndexOf('/') + 1);
    await world.load(base, scene, (done, total) => this.stores.progress.set(total > 0 ? done / total : 0));
    this.timings.mark('loaded');
    this.showWorld(world);
    await world.painted();
    this.timings.mark('painted');
  }

  private showWorld(world: World): void {
    world.setCamera(this.address.camera ?? world.overview(), false);
    bindWorld(this.stores, world, this.timings.changed);
    world.onHover((pick) => this.hover.set(pick));
    world.onPick((pick) => {
      this.picked.set(pick);
      this.actions.select(pick ? { kind: pick.kind, id: pick.id } : null);
    });
    this.writeAddress();
  }

  private aspect(): number {
    return this.canvas.clientWidth / Math.max(1, this.canvas.clientHeight);
  }

  private async loadReports(): Promise<void> {
    const [sight, strata] = await Promise.all([
      this.api.sight().catch(() => null), this.api.strata().catch(() => null)]);
    this.stores.sight.set(sight);
    this.stores.strata.set(strata);
  }

  /** Builds the layout of the mode, anew when mode or the number of columns changes; the canvas is kept. */
  private layout(): void {
    const { stores } = this;
    const columns = signal(columnsFor(innerWidth, innerHeight));
    const stage: Stage = { canvas: this.canvas, hover: this.hover, picked: this.picked };
    const ctx: Context = {
      stores, world: this.world, actions: this.actions, courses: this.api, water: this.water, series: (key, from, to, step) => this.api.series(key, from, to, step),
    };
    addEventListener('resize', () => columns.set(columnsFor(innerWidth, innerHeight)));
    effect(() => {
      document.documentElement.dataset['mode'] = stores.mode.get();
      document.documentElement.lang = stores.language.get() === 'zh' ? 'zh-CN' : 'en';
      document.title = `${stores.scene.get()?.scene.name[stores.language.get()] ?? ''} Park Twin`.trim();
    });
    swap(this.root, () => (stores.mode.get() === 'desk' ? 'desk' : `wall-${columns.get()}`), (key) =>
      key === 'desk' ? desk(ctx, stage) : wall(ctx, stage, columns.peek()));
    new ResizeObserver(() => this.world.peek()?.resize()).observe(this.canvas);
    keepLabelsClear(this.root, this.canvas, this.world, this.water);
  }

  private writeAddress(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { stores } = this;
    effect(() => {
      const view: ViewAddress = {
        mode: stores.mode.get(), language: stores.language.get(), camera: stores.camera.get(), layers: stores.layers.get(),
        selected: stores.selected.get(), section: stores.section.get(), exaggeration: stores.exaggeration.get(),
        at: stores.replay.get()?.at ?? null, window_h: stores.window_h.get(), substance: stores.substance.get(), tier: this.address.tier,
      };
      clearTimeout(timer);
      timer = setTimeout(() => untracked(() => history.replaceState(null, '', writeAddress(view))), ADDRESS_MS);
    });
  }
}

/** Keeps the 3D world in step with the stores. The world is told only what has really changed. */

import type { BeamLook, MapSheet, WindLook, World, WorldLabel } from '../contract';
import { language } from '../i18n';
import { drawable } from '../stores/air';
import { PLUME_TOO_OLD_MS } from '../stores/limits';
import { effect, untracked } from '../stores/signal';
import type { Stores } from '../stores/stores';
import { beamLooks, labels, sectionLabels, windLooks } from './looks';

/** Told when something that is drawn has changed. */
export type Changed = (what: 'instruments' | 'plume') => void;

function onlyNew<T>(send: (value: T) => void): (value: T) => boolean {
  let last = '';
  return (value) => {
    const text = JSON.stringify(value);
    if (text === last) return false;
    last = text;
    untracked(() => send(value));
    return true;
  };
}

function bindInstruments(stores: Stores, world: World, changed: Changed): void {
  const beams = onlyNew<readonly BeamLook[]>((looks) => world.setBeams(looks));
  const winds = onlyNew<readonly WindLook[]>((looks) => world.setWind(looks));
  const texts = onlyNew<readonly WorldLabel[]>((rows) => world.setLabels(rows));
  effect(() => {
    const index = stores.scene.get();
    if (index && beams(beamLooks(index, stores.byBeam.get()))) changed('instruments');
  });
  effect(() => {
    const index = stores.scene.get();
    if (index && winds(windLooks(index, stores.winds.get()))) changed('instruments');
  });
  effect(() => {
    const index = stores.scene.get();
    language();
    if (!index) return;
    const layers = stores.layers.get();
    const on = (id: 'beams' | 'wells' | 'stations' | 'settlements' | 'strata'): boolean => layers.get(id)?.visible !== false;
    const rows = labels(index, {
      byBeam: stores.byBeam.get(), values: stores.shown.get().values, coarse_ms: stores.coarse_ms.get(),
      chosen: stores.selected.get()?.id ?? null,
      beams: on('beams'), wells: on('wells'), stations: on('stations'), settlements: on('settlements'),
    });
    stores.waterTable.get();
    const cut = on('strata') ? stores.section.get() : null;
    const dissolved = stores.water.labels.get();
    if (texts([...rows, ...dissolved, ...sectionLabels(index, cut, (x, y) => world.strataAt(x, y))])) changed('instruments');
  });
}

function bindFields(stores: Stores, world: World, changed: Changed): void {
  let drawn: ArrayBuffer | null = null;
  effect(() => {
    const frame = stores.frame.get();
    const wanted = stores.plume.get();
    const shown = frame && wanted && stores.coarse_ms.get() - frame.plume.t <= PLUME_TOO_OLD_MS ? frame.bytes : null;
    if (shown === drawn) return;
    drawn = shown;
    untracked(() => world.setPlume(shown));
    changed('plume');
  });
  let sheet: MapSheet | null = null;
  effect(() => {
    const shown = drawable(stores.air.shownMap.get(), stores.coarse_ms.get())?.sheet ?? null;
    if (shown === sheet) return;
    sheet = shown;
    untracked(() => world.setGroundMap(shown));
    changed('plume');
  });
  effect(() => {
    const bytes = stores.waterTable.get();
    untracked(() => world.setWaterTable(bytes));
  });
}

function bindView(stores: Stores, world: World): void {
  const looks = new Map<string, string>();
  effect(() => {
    for (const [id, look] of stores.layers.get()) {
      const text = `${look.visible} ${look.opacity}`;
      if (looks.get(id) === text) continue;
      looks.set(id, text);
      world.setLayer(id, look.visible, look.opacity);
    }
  });
  effect(() => world.setSection(stores.section.get()));
  effect(() => world.setExaggeration(stores.exaggeration.get()));
  effect(() => {
    const chosen = stores.selected.get();
    world.setSelected(chosen?.kind ?? null, chosen?.id ?? '');
  });
}

export function bindWorld(stores: Stores, world: World, changed: Changed): void {
  bindView(stores, world);
  bindInstruments(stores, world, changed);
  bindFields(stores, world, changed);
  const camera = (): void => {
    stores.heading_deg.set(world.heading_deg());
    stores.metresPerPixel.set(world.metresPerPixel());
  };
  world.onCamera((state) => {
    stores.camera.set(state);
    camera();
  });
  camera();
}

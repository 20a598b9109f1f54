/** The view in the page's address, so that a link shows exactly this view. */

import type { CameraState, Language, LayerId, Pick, SectionCut, Tier, Vec3 } from './contract';
import { LAYER_IDS } from './contract';
import { firstLayers, type LayerLook, type Mode, type Selected } from './stores/stores';

export interface ViewAddress {
  readonly mode: Mode | null;
  readonly language: Language | null;
  readonly camera: CameraState | null;
  readonly layers: ReadonlyMap<LayerId, LayerLook>;
  readonly selected: Selected | null;
  readonly section: SectionCut | null;
  readonly exaggeration: number;
  readonly at: number | null;
  readonly window_h: number | null;
  readonly substance: string | null;
  readonly tier: Tier | null;
}

const PICK_KINDS: readonly Pick['kind'][] = [
  'beam', 'station', 'well', 'tank', 'unit', 'building', 'area', 'plot', 'road', 'water', 'settlement', 'borehole',
];

function numbers(text: string | null, count: number): readonly number[] | null {
  if (text === null) return null;
  const found = text.split(',').map(Number);
  return found.length === count && found.every(Number.isFinite) ? found : null;
}

function oneOf<T extends string>(text: string | null, allowed: readonly T[]): T | null {
  return allowed.find((one) => one === text) ?? null;
}

function readCamera(text: string | null): CameraState | null {
  const found = numbers(text, 6);
  if (!found) return null;
  return { target: found.slice(0, 3) as unknown as Vec3, position: found.slice(3) as unknown as Vec3 };
}

function readSection(text: string | null): SectionCut | null {
  const found = numbers(text, 4);
  if (!found) return null;
  const [ax = 0, ay = 0, bx = 0, by = 0] = found;
  return { a: [ax, ay], b: [bx, by] };
}

function readSelected(text: string | null): Selected | null {
  const cut = text?.indexOf(':') ?? -1;
  if (text === null || cut < 1) return null;
  const kind = oneOf(text.slice(0, cut), PICK_KINDS);
  const id = text.slice(cut + 1);
  return kind && id !== '' ? { kind, id } : null;
}

/** Only what differs from the first look is written: `strata:1,plume:0,terrain:0.5`. */
function readLayers(text: string | null): ReadonlyMap<LayerId, LayerLook> {
  const layers = new Map(firstLayers());
  for (const part of (text ?? '').split(',')) {
    const [name = '', value = ''] = part.split(':');
    const id = oneOf(name, LAYER_IDS);
    const opacity = Number(value);
    if (!id || value === '' || !Number.isFinite(opacity) || opacity < 0 || opacity > 1) continue;
    layers.set(id, opacity === 0 ? { visible: false, opacity: 1 } : { visible: true, opacity });
  }
  return layers;
}

function writeLayers(layers: ReadonlyMap<LayerId, LayerLook>): string {
  const first = firstLayers();
  return LAYER_IDS.filter((id) => {
    const [now, then] = [layers.get(id), first.get(id)];
    return now && then && (now.visible !== then.visible || (now.visible && now.opacity !== then.opacity));
  }).map((id) => {
    const look = layers.get(id);
    return `${id}:${look?.visible ? look.opacity : 0}`;
  }).join(',');
}

function positive(text: string | null): number | null {
  const value = Number(text ?? NaN);
  return Number.isFinite(value) && value > 0 ? value : null;
}

export function readAddress(search: string): ViewAddress {
  const query = new URLSearchParams(search);
  return {
    mode: oneOf(query.get('mode'), ['wall', 'desk']),
    language: oneOf(query.get('lang'), ['zh', 'en']),
    camera: readCamera(query.get('cam')),
    layers: readLayers(query.get('layers')),
    selected: readSelected(query.get('sel')),
    section: readSection(query.get('cut')),
    exaggeration: Math.min(5, Math.max(1, positive(query.get('ex')) ?? 1)),
    at: positive(query.get('at')),
    window_h: positive(query.get('hours')),
    substance: query.get('gas'),
    tier: oneOf(query.get('tier'), ['lite', 'full']),
  };
}

const metres = (values: readonly number[]): string => values.map((value) => String(Math.round(value * 10) / 10)).join(',');

/** Query text with its leading `?`. */
export function writeAddress(view: ViewAddress): string {
  const query = new URLSearchParams();
  const set = (name: string, value: string | null): void => {
    if (value !== null && value !== '') query.set(name, value);
  };
  set('mode', view.mode);
  set('lang', view.language);
  set('tier', view.tier);
  set('cam', view.camera ? metres([...view.camera.target, ...view.camera.position]) : null);
  set('layers', writeLayers(view.layers));
  set('sel', view.selected && PICK_KINDS.includes(view.selected.kind) ? `${view.selected.kind}:${view.selected.id}` : null);
  set('cut', view.section ? metres([...view.section.a, ...view.section.b]) : null);
  set('ex', view.exaggeration === 1 ? null : String(view.exaggeration));
  set('at', view.at === null ? null : String(Math.round(view.at)));
  set('hours', view.window_h === null ? null : String(view.window_h));
  set('gas', view.substance);
  return `?${query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

/** Wall for very wide or very large screens without a fine pointer's comfort; desk otherwise. */
export function defaultMode(width_px: number, height_px: number): Mode {
  return width_px / Math.max(1, height_px) >= 2.4 || width_px >= 1900 ? 'wall' : 'desk';
}

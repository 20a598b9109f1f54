/** The computed plume: when, how old, by what, from which sources, and what to mind. */

import { t } from '../i18n';
import { formula } from '../stores/scene_index';
import { substances } from '../stores/stores';
import type { Plume, SourceEstimate } from '../wire';
import { PLUME_TOO_OLD_MS } from '../stores/limits';
import type { Context } from './context';
import { each, h } from './dom';
import { noteWords } from './notes';
import { empty, originChip, pair, panel } from './panel';
import { age, ago, conc, hourMinute, nameOf, rate } from './words';

/** Chooses the gas that the page shows. */
export function chooser(ctx: Context): HTMLElement {
  const { stores } = ctx;
  const select: HTMLSelectElement = h('select', {
    'aria-label': () => t('plume.substance'), hidden: () => substances(stores).length < 2,
    onchange: (): void => stores.substance.set(select.value === '' ? null : select.value),
  });
  each(select, () => ['', ...substances(stores)], (id) => id, (_item, id) => h('option', {
    value: id, selected: () => (stores.substance.get() ?? '') === id,
  }, () => {
    const index = stores.scene.get();
    return id === '' ? t('plume.auto') : index ? formula(index, id) : id;
  }));
  return select;
}

/** Interval as a bar from low to high with the estimate on it, all on one scale. */
function sourceRow(ctx: Context, item: { get(): SourceEstimate }, id: string, top: () => number): HTMLElement {
  const share = (kg_s: number): string => `${Math.min(100, (100 * kg_s) / Math.max(top(), 1e-12)).toFixed(1)}%`;
  return h('li', {},
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.flyTo('unit', id) }, () => nameOf(ctx.stores.scene.get(), id)),
    h('span', { class: 'source-rate' }, h('b', {}, () => rate(item.get().rate_kg_s)),
      h('small', {}, () => ` ${rate(item.get().low_kg_s)} – ${rate(item.get().high_kg_s)}`)),
    h('span', { class: 'source-bar', 'aria-hidden': 'true' },
      h('i', { style: () => `left:${share(item.get().low_kg_s)};right:calc(100% - ${share(item.get().high_kg_s)})` }),
      h('b', { style: () => `left:${share(item.get().rate_kg_s)}` })));
}

export function plumePanel(ctx: Context): HTMLElement {
  const { stores } = ctx;
  const plume = (): Plume | null => stores.plume.get();
  const plumeAge = (): number | null => {
    const found = plume();
    return found ? Math.max(0, stores.now_ms.get() - found.t) : null;
  };
  const sources = (): readonly SourceEstimate[] =>
    [...(plume()?.sources ?? [])].filter((row) => row.high_kg_s > 0).sort((a, b) => b.rate_kg_s - a.rate_kg_s).slice(0, 5);
  const top = (): number => Math.max(0, ...sources().map((row) => row.high_kg_s));
  const list = h('ul', { class: 'rows sources', hidden: () => sources().length === 0 });
  each(list, sources, (row) => row.unit, (item, id) => sourceRow(ctx, item, id, top));
  const notes = h('ul', { class: 'notes', hidden: () => (plume()?.notes.length ?? 0) === 0 });
  each(notes, () => [...new Set(plume()?.notes ?? [])], (text) => text, (_item, text) => h('li', {}, () => noteWords(text)));
  const body = h('div', { hidden: () => plume() === null },
    h('div', { class: 'plume-head' }, originChip(() => plume()?.origin ?? 'modelled', true)),
    pair(() => t('plume.max'), h('b', { class: 'big' }, () => {
      const index = stores.scene.get();
      const found = plume();
      return found && index ? `${formula(index, found.substance)} ${conc(found.max_kg_m3)}` : '';
    })),
    pair(() => t('plume.time'), () => `${hourMinute(stores.scene.get(), plume()?.t ?? 0)} · ${ago(plumeAge())}`),
    pair(() => t('plume.solver'), () => `${plume()?.solver ?? ''} · ${t('plume.inputs')} ${t('plume.inputs.n', { n: plume()?.inputs.length ?? 0 })}`),
    h('p', { class: 'warn', hidden: () => (plumeAge() ?? 0) <= PLUME_TOO_OLD_MS }, () => t('plume.tooOld', { age: age(PLUME_TOO_OLD_MS) })),
    h('h3', {}, () => t(sources().length > 0 ? 'plume.sources' : 'plume.nosources')),
    list,
    notes);
  return panel('plume.title', [body, empty(() => t('plume.none'), () => plume() !== null)], {
    className: 'plume scroll', tools: h('span', { class: 'panel-tools' }, chooser(ctx)),
  });
}

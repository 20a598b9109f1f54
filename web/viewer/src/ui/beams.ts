/** Lists of beams: those above a threshold, and all of them, worst first. */

import { t } from '../i18n';
import { bySeverity, type Reading } from '../stores/readings';
import { formula } from '../stores/scene_index';
import type { Context } from './context';
import { each, h } from './dom';
import { empty, levelChip, panel } from './panel';
import { age, conc, nameOf, readingQuality, tone } from './words';

function substance(ctx: Context, reading: Reading): string {
  const index = ctx.stores.scene.get();
  return index ? formula(index, reading.substance) : reading.substance;
}

function stationOf(ctx: Context, beam: string): string {
  const index = ctx.stores.scene.get();
  return nameOf(index, index?.beam.get(beam)?.station ?? '');
}

function exceedanceRow(ctx: Context, item: { get(): Reading }, key: string): HTMLElement {
  const sensor = key.slice(0, key.lastIndexOf('/'));
  const limit = (): string => {
    const threshold = item.get().threshold;
    return threshold ? t('exc.over', { name: t('legend.threshold', { name: `L${threshold.level}`, value: conc(threshold.conc_kg_m3) }), value: '' }).trim() : '';
  };
  return h('li', { class: () => `exceedance tone-${tone(item.get().level)}${item.get().stale ? ' is-stale' : ''}` },
    h('button', {
      type: 'button', 'aria-label': () => t('exc.flyto', { name: sensor }),
      onclick: () => ctx.actions.flyTo('beam', sensor),
    },
    levelChip(() => item.get().level),
    h('span', { class: 'exc-name' }, h('b', {}, sensor), h('small', {}, () => stationOf(ctx, sensor))),
    h('span', { class: 'exc-value' },
      h('b', {}, () => `${substance(ctx, item.get())} ${conc(item.get().conc_kg_m3)}`),
      h('small', {}, () => `${limit()} · ${age(item.get().age_ms)}${note(item.get())}`))));
}

function note(reading: Reading): string {
  return reading.quality === 'good' && !reading.stale ? '' : ` · ${readingQuality(reading)}`;
}

export function exceedancePanel(ctx: Context): HTMLElement {
  const { overall } = ctx.stores;
  const rows = (): readonly Reading[] => overall.get().exceedances;
  const list = h('ul', { class: 'rows exceedances', hidden: () => rows().length === 0 });
  each(list, rows, (reading) => reading.key, (item, key) => exceedanceRow(ctx, item, key));
  return panel('exc.title', [
    list,
    empty(() => t(overall.get().level < 0 ? 'exc.unknown' : 'exc.none'), () => rows().length > 0),
  ], { className: 'exceed', aside: () => (rows().length > 0 ? String(rows().length) : '') });
}

function beamRow(ctx: Context, item: { get(): Reading }, sensor: string): HTMLElement {
  const chosen = (): boolean => ctx.stores.selected.get()?.id === sensor;
  return h('tr', {
    class: () => `${item.get().stale ? 'is-stale' : ''} ${chosen() ? 'is-chosen' : ''} q-${item.get().quality}`,
    onclick: () => ctx.actions.flyTo('beam', sensor),
  },
  h('th', { scope: 'row' },
    h('button', { type: 'button', class: 'link', title: () => stationOf(ctx, sensor) }, sensor)),
  h('td', { class: 'num' }, h('small', {}, () => substance(ctx, item.get())), ' ',
    h('b', { class: () => `tone-text-${tone(item.get().level)}` }, () => conc(item.get().conc_kg_m3))),
  h('td', {}, levelChip(() => item.get().level)),
  h('td', { class: 'num' }, () => age(item.get().age_ms)),
  h('td', { class: 'quality' }, () => readingQuality(item.get())));
}

/**
 * One row for every beam, the worst of its gases or the chosen one, worst beam first. With `rest`
 * those of the list of exceedances are left to that list.
 */
export function beamsPanel(ctx: Context, rest = false): HTMLElement {
  const all = (): readonly Reading[] => [...ctx.stores.byBeam.get().values()].sort(bySeverity);
  const listed = (): ReadonlySet<string> => new Set(rest ? ctx.stores.overall.get().exceedances.map((row) => row.key) : []);
  const rows = (): readonly Reading[] => {
    const elsewhere = listed();
    return all().filter((reading) => !elsewhere.has(reading.key));
  };
  const body = h('tbody', {});
  each(body, rows, (reading) => reading.sensor, (item, sensor) => beamRow(ctx, item, sensor));
  const head = (key: Parameters<typeof t>[0], numeric = false): HTMLElement => h('th', { scope: 'col', class: numeric ? 'num' : '' }, () => t(key));
  return panel('beams.title', [
    h('table', { class: 'grid', hidden: () => rows().length === 0 },
      h('thead', {}, h('tr', {}, head('beams.beam'), head('beams.value', true), head('beams.level'), head('beams.age', true), head('beams.quality'))),
      body),
    empty(() => t('beams.none'), () => ctx.stores.scene.get() === null || all().length > 0),
  ], { className: 'beams scroll', aside: () => t('beams.count', { n: ctx.stores.byBeam.get().size }) });
}

/** Working conditions with their links, and the health of the open-path instruments. */

import { say } from '../../i18n/language';
import { each, h } from '../../ui/dom';
import { splitKey } from '../../wire';
import type { Desk } from '../context';
import { t } from '../i18n';
import { chip, emptyWords, facts, freshnessOf, originChip, panel, placeName, quantityName, trouble, when, type Tone } from '../parts';
import { resource, type Resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { BeamHealth, Conditions, Health } from '../wire';
import { ago, clock, number, value } from '../words';

const EVERY_MS = 5_000;

type Unit = Conditions['units'][number];
type Link = Conditions['links'][number];
type Station = BeamHealth['stations'][number];

const UNIT_TONES: Readonly<Record<Unit['state'], Tone>> = { on: 'good', off: 'info', unknown: 'idle' };
const LINK_TONES: Readonly<Record<Link['state'], Tone>> = { normal: 'good', grace: 'warn', treatment_not_running: 'bad', unknown: 'idle' };
const HEALTH_TONES: Readonly<Record<Health, Tone>> = { ok: 'good', warn: 'warn', alarm: 'bad', unknown: 'idle' };

const healthName = (state: Health): string => t(({ ok: 'health.ok', warn: 'health.warn', alarm: 'health.alarm', unknown: 'health.unknownState' } as const)[state]);
const since = (desk: Desk, at: number | null): string => (at === null ? '—' : ago(at, desk.now_ms.get()));

function unitColumns(desk: Desk): readonly Column<Unit>[] {
  const limits = (row: Unit): string => {
    const quantity = splitKey(row.key).quantity;
    return `${row.on_above === null ? '—' : value(row.on_above, quantity)} / ${row.off_below === null ? '—' : value(row.off_below, quantity)}`;
  };
  return [
    { id: 'name', title: () => t('conditions.unit'), width: 20, text: (row) => say(row.name) || row.id, tip: (row) => row.id },
    { id: 'origin', title: () => t('origin.head'), width: 10, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    { id: 'kind', title: () => t('conditions.kind'), width: 10, text: (row) => t(`conditions.kind.${row.kind}`) },
    { id: 'state', title: () => t('conditions.state'), width: 10, text: (row) => t(`conditions.${row.state}`), cell: (row) => chip(() => UNIT_TONES[row.get().state], () => t(`conditions.${row.get().state}`)) },
    { id: 'since', title: () => t('conditions.since'), width: 11, numeric: true, text: (row) => since(desk, row.since_ms), sort: (row) => row.since_ms },
    { id: 'value', title: () => t('conditions.value'), width: 12, numeric: true, text: (row) => value(row.value, splitKey(row.key).quantity), sort: (row) => row.value },
    { id: 'limits', title: () => t('conditions.threshold'), width: 18, numeric: true, text: limits },
  ];
}

function linkColumns(desk: Desk, found: () => Conditions | null): readonly Column<Link>[] {
  const names = (ids: readonly string[]): string => ids.map((id) => say(found()?.units.find((unit) => unit.id === id)?.name) || id).join(', ');
  return [
    { id: 'name', title: () => t('conditions.link'), width: 18, text: (row) => say(row.name) || row.id },
    { id: 'origin', title: () => t('origin.head'), width: 10, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    { id: 'state', title: () => t('conditions.state'), width: 18, text: (row) => t(`conditions.link.${row.state}`), cell: (row) => chip(() => LINK_TONES[row.get().state], () => t(`conditions.link.${row.get().state}`)) },
    { id: 'since', title: () => t('conditions.since'), width: 11, numeric: true, text: (row) => since(desk, row.since_ms), sort: (row) => row.since_ms },
    { id: 'pair', title: () => t('conditions.units'), width: 34, text: (row) => t('conditions.pair', { production: names(row.production), treatment: names(row.treatment) }) },
    { id: 'grace', title: () => t('conditions.grace'), width: 8, numeric: true, text: (row) => `${number(row.grace_min, 0)} min` },
    { id: 'review', title: () => t('conditions.review'), width: 8, numeric: true, text: (row) => (row.review === null ? '—' : `№ ${row.review}`) },
  ];
}

type Item = Station['items'][number];

function limitsOf(item: Item): string {
  const one = (limit: number | null, sign: string): string => (limit === null ? '' : `${sign} ${value(limit, item.quantity)}`);
  const warn = [one(item.warn_low, '<'), one(item.warn_high, '>')].filter((word) => word !== '').join(' · ');
  const alarm = [one(item.alarm_low, '<'), one(item.alarm_high, '>')].filter((word) => word !== '').join(' · ');
  return [warn, alarm].filter((word) => word !== '').join(' / ') || '—';
}

function refill(desk: Desk, station: () => Station): HTMLElement {
  const forecast = (): Station['refill'] => station().refill;
  const of = (read: (row: NonNullable<Station['refill']>) => string) => (): string => {
    const row = forecast();
    return row ? read(row) : '';
  };
  const time = (at: number | null): string => (at === null ? '…' : clock(at, desk.now_ms.get(), desk.offset_h()));
  const tone = (): Tone => {
    const at = forecast()?.earliest_ms ?? null;
    if (at === null) return 'idle';
    const left_ms = at - desk.now_ms.get();
    return left_ms < 86_400_000 ? 'bad' : left_ms < 3 * 86_400_000 ? 'warn' : 'good';
  };
  return h('div', {},
    h('h4', {}, () => t('health.nitrogen')),
    h('p', { class: 'muted', hidden: () => forecast() !== null }, () => t('health.nitrogen.none')),
    h('div', { hidden: () => forecast() === null },
      facts([
        [() => t('health.level'), of((row) => `${number(row.level_l, 1)} L`)],
        [() => t('health.use'), of((row) => t('health.use.value', { n: number(row.per_day_l, 2), low: number(row.per_day_low_l, 2), high: number(row.per_day_high_l, 2) }))],
        [() => t('health.reserve', { n: number(forecast()?.reserve_l ?? 0, 1) }), h('span', {}, chip(tone, of((row) => (row.reserve_ms === null ? '—' : time(row.reserve_ms)))), ' ',
          h('small', { class: 'muted' }, of((row) => (row.earliest_ms === null ? '' : t('health.between', { from: time(row.earliest_ms), to: time(row.latest_ms) })))))],
        [() => t('health.refilled'), when(desk, () => forecast()?.since_refill_ms ?? null)],
      ])));
}

function stationCard(desk: Desk, item: { get(): Station }): HTMLElement {
  const items = h('tbody', {});
  each(items, () => item.get().items, (row) => row.key, (row) => h('tr', {},
    h('th', { scope: 'row' }, () => quantityName(desk, row.get().quantity, row.get().key)),
    h('td', { class: 'num' }, h('b', {}, () => value(row.get().value, row.get().quantity)), ' ', h('small', { class: 'muted' }, () => since(desk, row.get().t))),
    h('td', {}, chip(() => HEALTH_TONES[row.get().state], () => healthName(row.get().state))), h('td', { class: 'num muted' }, () => limitsOf(row.get()))));
  const beams = h('div', { class: 'chips' });
  each(beams, () => item.get().beams, (row) => row.id, (row) => h('span', { title: () => since(desk, row.get().t) },
    chip(() => HEALTH_TONES[row.get().state], () => `${row.get().id} ${value(row.get().value, splitKey(row.get().key).quantity)} · ${since(desk, row.get().t)}`)));
  return h('section', { class: 'card' },
    h('header', {}, h('h3', {}, () => placeName(desk, item.get().id)), chip(() => HEALTH_TONES[item.get().state], () => healthName(item.get().state)), originChip(() => item.get().origin)),
    h('table', { class: 'plain-grid' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, () => t('health.item')), h('th', { scope: 'col', class: 'num' }, () => t('conditions.value')),
      h('th', { scope: 'col' }, () => t('conditions.state')), h('th', { scope: 'col', class: 'num' }, () => t('health.limits')))), items),
    h('div', { hidden: () => item.get().beams.length === 0 }, h('h4', {}, () => t('health.beams')), beams), refill(desk, () => item.get()));
}

function health(desk: Desk, found: Resource<BeamHealth>): HTMLElement {
  const cards = h('div', { class: 'cards' });
  each(cards, () => found.get().data?.stations ?? [], (row) => row.id, (item) => stationCard(desk, item));
  return panel(() => t('health.title'), [
    trouble(found),
    h('p', { class: 'empty', hidden: () => (found.get().data?.stations.length ?? 0) > 0 }, emptyWords(found, () => t('health.none'))), cards,
  ], { className: 'scroll grow-3', tools: freshnessOf(desk, found) });
}

export function conditions(desk: Desk): HTMLElement {
  const found = resource((abort) => desk.http.get<Conditions>('/api/v1/conditions', abort), EVERY_MS);
  const beams = resource((abort) => desk.http.get<BeamHealth>('/api/v1/health/beams', abort), EVERY_MS);
  const order: readonly Link['state'][] = ['treatment_not_running', 'grace', 'unknown', 'normal'];
  return screen(() => t('conditions.title'), () => t('conditions.about'), [
    h('div', { class: 'stack' },
      health(desk, beams),
      h('div', { class: 'split-2 even' },
        panel(() => t('conditions.links'), [
          trouble(found),
          table<Link>({
            label: () => t('conditions.links'), columns: linkColumns(desk, () => found.get().data), key: (row) => row.id, empty: emptyWords(found, () => t('conditions.links.none')),
            rows: () => [...(found.get().data?.links ?? [])].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)),
            tone: (row) => ({ treatment_not_running: 'is-bad', grace: 'is-warn', normal: '', unknown: '' })[row.state],
            open: (row) => (row.review === null ? undefined : desk.go('reviews', { id: String(row.review) })),
          }),
        ], { tools: freshnessOf(desk, found) }),
        panel(() => t('conditions.units'), [
          trouble(found),
          table<Unit>({
            label: () => t('conditions.units'), columns: unitColumns(desk), rows: () => found.get().data?.units ?? [], key: (row) => row.id,
            empty: emptyWords(found, () => t('conditions.units.none')),
          }),
        ], { tools: freshnessOf(desk, found) }))),
  ]);
}


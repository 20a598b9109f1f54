/** The registry: who may speak and how, what was found out, and who knocks without being known. */

import { say } from '../../i18n/language';
import { computed } from '../../stores/signal';
import { each, h, swap } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { unitLabel } from '../../units';
import type { Device } from '../../wire';
import type { Desk } from '../context';
import { t, tMaybe } from '../i18n';
import { chip, emptyWords, facts, freshnessOf, originChip, panel, placeName, quantityName, trouble, when, type Tone } from '../parts';
import { resource, type Resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Finding, MnNumber, Registry, RegistryDevice, UnknownDevice } from '../wire';
import { ago, count, moment, seconds } from '../words';

const EVERY_MS = 5_000;
const LEVEL_TONES: Readonly<Record<Finding['level'], Tone>> = { info: 'info', warning: 'warn', error: 'bad' };
const STATE_TONES: Readonly<Record<Device['state'], Tone>> = { online: 'good', silent: 'warn', offline: 'bad', never: 'idle' };
const STATE_ORDER: readonly Device['state'][] = ['offline', 'silent', 'never', 'online'];

interface Unknowns {
  readonly now_ms: number;
  readonly unknown: readonly UnknownDevice[];
}

interface Sources {
  readonly registry: Resource<Registry>;
  readonly states: Resource<{ readonly devices: readonly Device[] }>;
  readonly unknown: Resource<Unknowns>;
}

type StateOf = (mn: string) => Device | undefined;

/** The gravest level among findings that ask for something; null when there is none. */
export function worstLevel(findings: readonly Finding[]): Finding['level'] | null {
  return (['error', 'warning', 'info'] as const).find((level) => findings.some((one) => one.level === level)) ?? null;
}

function findingChip(device: () => RegistryDevice): HTMLElement {
  const worst = (): Finding['level'] | null => worstLevel(device().findings);
  return chip(() => {
    const level = worst();
    return level === null ? 'good' : LEVEL_TONES[level];
  }, () => {
    const asking = device().findings.filter((one) => one.level !== 'info').length;
    return asking > 0 ? `${count(asking)}` : device().findings.length > 0 ? t('level.info') : '0';
  });
}

function deviceColumns(desk: Desk, state: StateOf): readonly Column<RegistryDevice>[] {
  const stateName = (mn: string): string => t(`dev.${state(mn)?.state ?? 'never'}`);
  return [
    { id: 'sensor', title: () => t('devices.sensor'), width: 12, text: (row) => row.sensor },
    {
      id: 'state', title: () => t('devices.state'), width: 10, text: (row) => stateName(row.mn), sort: (row) => STATE_ORDER.indexOf(state(row.mn)?.state ?? 'never'),
      cell: (row) => chip(() => STATE_TONES[state(row.get().mn)?.state ?? 'never'], () => stateName(row.get().mn)),
    },
    {
      id: 'findings', title: () => t('devices.findings'), width: 9, text: (row) => row.findings.map((one) => say(one.text)).join('; '),
      sort: (row) => -row.findings.filter((one) => one.level !== 'info').length, cell: (row) => findingChip(() => row.get()),
    },
    {
      id: 'seen', title: () => t('devices.seen'), width: 11, numeric: true, text: (row) => ago(state(row.mn)?.last_seen_ms ?? null, desk.now_ms.get()),
      sort: (row) => state(row.mn)?.last_seen_ms ?? null,
    },
    { id: 'mn', title: () => t('devices.mn'), width: 25, text: (row) => row.mn, cell: (row) => h('span', { class: 'mono' }, () => row.get().mn) },
    { id: 'station', title: () => t('devices.station'), width: 14, text: (row) => placeName(desk, row.station) },
    { id: 'protocol', title: () => t('devices.protocol'), width: 16, text: (row) => (row.protocol === 'hj212' ? `HJ 212-${row.edition}` : row.protocol) },
    { id: 'crc', title: () => t('devices.crc'), width: 12, text: (row) => (row.protocol === 'hj212' ? tMaybe(`crc.${row.crc_mode}`, row.crc_mode) : '—') },
    { id: 'factors', title: () => t('devices.factors'), width: 8, numeric: true, text: (row) => count(row.factors.length), sort: (row) => row.factors.length },
    { id: 'interval', title: () => t('devices.interval'), width: 9, numeric: true, text: (row) => seconds(row.interval_s), sort: (row) => row.interval_s },
    { id: 'origin', title: () => t('origin.head'), width: 11, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
  ];
}

function unknownColumns(desk: Desk): readonly Column<UnknownDevice>[] {
  return [
    { id: 'mn', title: () => t('devices.mn'), width: 26, text: (row) => row.mn, cell: (row) => h('span', { class: 'mono' }, () => row.get().mn) },
    { id: 'reason', title: () => t('unknown.reason'), width: 14, text: (row) => tMaybe(`kind.${row.reason}`, row.reason) },
    { id: 'frames', title: () => t('unknown.frames'), width: 8, numeric: true, text: (row) => count(row.frames), sort: (row) => row.frames },
    { id: 'last', title: () => t('unknown.last'), width: 11, numeric: true, text: (row) => ago(row.last_ms, desk.now_ms.get()), sort: (row) => row.last_ms, tip: (row) => moment(row.last_ms, desk.offset_h()) },
    { id: 'first', title: () => t('unknown.first'), width: 11, numeric: true, text: (row) => ago(row.first_ms, desk.now_ms.get()), sort: (row) => row.first_ms, tip: (row) => moment(row.first_ms, desk.offset_h()) },
    { id: 'peer', title: () => t('unknown.peer'), width: 18, text: (row) => row.peer },
    { id: 'editions', title: () => t('unknown.editions'), width: 10, text: (row) => row.editions.join(', ') },
    { id: 'commands', title: () => t('unknown.commands'), width: 16, text: (row) => row.commands.join(', ') },
  ];
}

export function findingList(desk: Desk, findings: () => readonly Finding[]): HTMLElement {
  const list = h('ul', { class: 'rows' });
  each(list, findings, (one) => `${one.kind} ${one.what}`, (item) => h('li', { class: 'finding' },
    chip(() => LEVEL_TONES[item.get().level], () => t(`level.${item.get().level}`)), h('div', {},
      h('b', {}, () => say(item.get().text)), h('br', {}),
      h('small', { class: 'muted' }, () => [
        item.get().count === null ? '' : t('devices.times', { n: count(item.get().count ?? 0) }),
        item.get().last_ms === null ? '' : `${t('unknown.last')} ${ago(item.get().last_ms, desk.now_ms.get())}`, item.get().detail,
      ].filter((word) => word !== '').join(' · ')))));
  return h('div', {}, h('p', { class: 'empty', hidden: () => findings().length > 0 }, () => t('devices.findings.none')), list);
}

function numberParts(number: () => MnNumber): HTMLElement {
  const body = h('tbody', {});
  each(body, () => number().parts.map((part, at) => ({ ...part, at })), (part) => String(part.at), (item) => h('tr', {},
    h('th', { scope: 'row', class: 'muted' }, () => say(item.get().name)), h('td', { class: 'mono' }, () => item.get().value)));
  return h('div', {},
    h('p', {}, chip(() => (number().in_standard ? 'good' : 'warn'), () => t(number().in_standard ? 'devices.number.ok' : 'devices.number.odd')), ' ', () => say(number().text)),
    h('table', { class: 'plain-grid', hidden: () => number().parts.length === 0 }, body));
}

type Factor = RegistryDevice['factors'][number];

function range(factor: Factor): string {
  if (factor.low === null && factor.high === null) return '—';
  return `${factor.low ?? '…'} – ${factor.high ?? '…'} ${unitLabel(factor.unit)}`;
}

function factorTable(desk: Desk, factors: () => readonly Factor[]): HTMLElement {
  const body = h('tbody', {});
  const optional = (value: number | null, unit: string): string => (value === null ? '—' : `${value} ${unitLabel(unit)}`);
  each(body, factors, (factor) => factor.code, (item) => h('tr', {},
    h('th', { scope: 'row' }, h('span', { class: 'mono' }, () => item.get().code), h('br', {}), h('small', { class: 'muted' }, () => say(item.get().name))),
    h('td', {}, () => quantityName(desk, item.get().quantity), h('br', {}),
      h('small', { class: 'muted' }, () => `${unitLabel(item.get().unit)}${item.get().scale === 1 ? '' : ` × ${item.get().scale}`}${item.get().reference_k === null ? '' : ` @ ${item.get().reference_k} K`}`)),
    h('td', { class: 'num' }, () => range(item.get()), h('br', {}), h('small', { class: 'muted' }, () => `${t('devices.rate')} ${optional(item.get().max_rate_per_min, item.get().unit)}`)),
    h('td', { class: 'num' }, () => optional(item.get().detection_limit, item.get().unit))));
  return h('table', { class: 'plain-grid' }, h('thead', {}, h('tr', {},
    h('th', { scope: 'col' }, () => t('devices.code')), h('th', { scope: 'col' }, () => `${t('devices.quantity')} · ${t('devices.unit')}`),
    h('th', { scope: 'col', class: 'num' }, () => t('devices.range')), h('th', { scope: 'col', class: 'num' }, () => t('devices.limit')))), body);
}

function knownDetail(desk: Desk, row: () => RegistryDevice | undefined, state: StateOf): HTMLElement {
  const of = (read: (device: RegistryDevice) => string) => (): string => {
    const device = row();
    return device ? read(device) : '';
  };
  const none: MnNumber = { kind: '', in_standard: true, text: { zh: '', en: '' }, parts: [] };
  const hj212 = (): boolean => row()?.protocol === 'hj212';
  return h('div', { class: 'stack-flow' },
    h('div', { class: 'fields' },
      chip(() => STATE_TONES[state(row()?.mn ?? '')?.state ?? 'never'], () => t(`dev.${state(row()?.mn ?? '')?.state ?? 'never'}`)), originChip(() => row()?.origin ?? 'measured'),
      h('button', { type: 'button', class: 'text-button', onclick: () => desk.go('frames', { mn: row()?.mn ?? '' }) }, () => t('devices.frames')),
      h('button', { type: 'button', class: 'text-button', onclick: () => desk.go('commands', { mn: row()?.mn ?? '' }) }, () => t('devices.commands'))),
    findingList(desk, () => row()?.findings ?? []),
    facts([
      [() => t('devices.mn'), h('span', { class: 'mono' }, of((device) => device.mn))],
      [() => t('devices.seen'), when(desk, () => state(row()?.mn ?? '')?.last_seen_ms ?? null)],
      [() => t('devices.station'), of((device) => placeName(desk, device.station))],
      [() => t('devices.protocol'), of((device) => (hj212() ? `HJ 212-${device.edition} · CRC ${tMaybe(`crc.${device.crc_mode}`, device.crc_mode)}` : device.protocol))],
      [() => t('devices.st'), of((device) => `${device.st} ${say(device.st_name)}`)],
      [() => t('devices.interval'), of((device) => seconds(device.interval_s))],
      [() => t('devices.minutes'), of((device) => (device.minute_interval_s === null ? '—' : seconds(device.minute_interval_s)))],
      [() => t('devices.line'), of((device) => device.line || t('devices.line.own'))],
      [() => t('devices.secrets'), of((device) => `${t(device.password ? 'devices.password.yes' : 'devices.password.no')} · ${t(device.sm4_key ? 'devices.key.yes' : 'devices.key.no')}`)],
    ]),
    h('h3', {}, () => t('devices.number')), numberParts(() => row()?.number ?? none),
    h('h3', {}, () => t('devices.factors')), factorTable(desk, () => row()?.factors ?? []));
}

async function copy(desk: Desk, text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  desk.say(() => t('unknown.copied'));
}

function unknownDetail(desk: Desk, row: () => UnknownDevice | undefined): HTMLElement {
  const of = (read: (device: UnknownDevice) => string) => (): string => {
    const device = row();
    return device ? read(device) : '';
  };
  const body = h('tbody', {});
  each(body, () => row()?.factors ?? [], (factor) => factor.code, (item) => h('tr', {},
    h('th', { scope: 'row' }, h('span', { class: 'mono' }, () => item.get().code), ' ', h('small', { class: 'muted' }, () => say(item.get().name))),
    h('td', { class: 'mono' }, () => item.get().values.join(', ')), h('td', {}, () => unitLabel(item.get().unit) || '—')));
  const none: MnNumber = { kind: '', in_standard: true, text: { zh: '', en: '' }, parts: [] };
  return h('div', { class: 'stack-flow' },
    h('p', { class: 'hint warn', hidden: () => row()?.encrypted !== true }, () => t('unknown.encrypted')),
    facts([
      [() => t('devices.mn'), h('span', { class: 'mono' }, of((device) => device.mn))],
      [() => t('unknown.reason'), of((device) => tMaybe(`kind.${device.reason}`, device.reason))],
      [() => t('unknown.last'), when(desk, () => row()?.last_ms ?? null)],
      [() => t('unknown.peer'), of((device) => device.peer)],
      [() => t('devices.st'), of((device) => device.st)],
      [() => t('devices.interval'), of((device) => (device.interval_s === null ? '—' : seconds(device.interval_s)))],
    ]),
    numberParts(() => row()?.number ?? none),
    h('h3', {}, () => t('unknown.block')),
    h('div', {}, h('button', { type: 'button', class: 'text-button', onclick: () => void copy(desk, row()?.block ?? '') }, () => t('unknown.copy')), ' ',
      h('button', { type: 'button', class: 'text-button', onclick: () => desk.go('frames', { status: 'quarantined', mn: row()?.mn ?? '' }) }, () => t('devices.frames'))),
    h('pre', { class: 'raw mono' }, of((device) => device.block)),
    h('h3', {}, () => t('devices.factors')),
    h('table', { class: 'plain-grid' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, () => t('devices.code')), h('th', { scope: 'col' }, () => t('unknown.values')),
      h('th', { scope: 'col' }, () => t('devices.unit')))), body));
}

function detail(desk: Desk, { registry, unknown }: Sources, state: StateOf): HTMLElement {
  const known = computed(() => registry.get().data?.devices.find((row) => row.mn === desk.param('mn')));
  const stranger = computed(() => unknown.get().data?.unknown.find((row) => row.mn === desk.param('unknown')));
  const body = h('div', {});
  const kind = (): string => (desk.param('mn') !== '' && known.get() ? 'known' : desk.param('unknown') !== '' && stranger.get() ? 'unknown' : '');
  swap(body, kind, (which) => {
    if (which === 'known') return knownDetail(desk, () => known.get(), state);
    return which === 'unknown' ? unknownDetail(desk, () => stranger.get()) : null;
  });
  const title = (): string => (kind() === 'known' ? t('devices.detail', { sensor: known.get()?.sensor ?? '' }) : t('unknown.detail', { mn: '' }));
  return h('div', { class: 'holder', hidden: () => kind() === '' }, panel(title, [body], {
    className: 'scroll',
    tools: h('button', { type: 'button', class: 'icon-button', title: () => t('dialog.close'), 'aria-label': () => t('dialog.close'), onclick: () => desk.setParams({ mn: '', unknown: '' }) }, icon('close')),
  }));
}

export function devices(desk: Desk): HTMLElement {
  const sources: Sources = {
    registry: resource((abort) => desk.http.get<Registry>('/api/v1/registry', abort), EVERY_MS),
    states: resource((abort) => desk.http.get<{ devices: readonly Device[] }>('/api/v1/devices', abort), EVERY_MS),
    unknown: resource((abort) => desk.http.get<Unknowns>('/api/v1/registry/unknown', abort), EVERY_MS),
  };
  const byMn = computed(() => new Map((sources.states.get().data?.devices ?? []).map((row) => [row.mn, row])));
  const state: StateOf = (mn) => byMn.get().get(mn);
  const open = (): boolean => desk.param('mn') !== '' || desk.param('unknown') !== '';
  return screen(() => t('devices.title'), () => t('devices.about'), [
    h('div', { class: () => `split-2 ${open() ? '' : 'closed'}` },
      h('div', { class: 'stack' },
        panel(() => t('devices.table'), [
          trouble(sources.registry),
          table<RegistryDevice>({
            label: () => t('devices.table'), columns: deviceColumns(desk, state), rows: () => sources.registry.get().data?.devices ?? [], key: (row) => row.mn,
            empty: emptyWords(sources.registry, () => t('devices.none')), filter: true, chosen: () => desk.param('mn'), open: (row) => desk.setParams({ mn: row.mn, unknown: '' }),
            tone: (row) => ({ error: 'is-bad', warning: 'is-warn', info: '', none: '' })[worstLevel(row.findings) ?? 'none'],
          }),
        ], { className: 'grow-3', tools: freshnessOf(desk, sources.registry) }),
        panel(() => t('unknown.title'), [
          trouble(sources.unknown),
          table<UnknownDevice>({
            label: () => t('unknown.title'), columns: unknownColumns(desk), rows: () => sources.unknown.get().data?.unknown ?? [], key: (row) => row.mn,
            empty: emptyWords(sources.unknown, () => t('unknown.none')), chosen: () => desk.param('unknown'), open: (row) => desk.setParams({ unknown: row.mn, mn: '' }),
          }),
        ], { tools: freshnessOf(desk, sources.unknown) })),
      detail(desk, sources, state)),
  ]);
}

/** The console: one device, one command, its arguments, a question before it goes, and what comes of it. */

import { language, say } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { computed, effect, signal, untracked, type Signal } from '../../stores/signal';
import { each, h, swap } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { readArguments } from '../arguments';
import type { Desk } from '../context';
import { confirmed } from '../dialog';
import { choice, field, type Choice } from '../form';
import { t, tMaybe } from '../i18n';
import { actButton, chip, emptyWords, facts, freshnessOf, originChip, panel, trouble, when, type Tone } from '../parts';
import { asFailure, resource, type Resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Argument, Command, Exchange, ExchangeDetail, Registry, RegistryDevice } from '../wire';
import { ago, count, moment, number, span } from '../words';

const EVERY_MS = 3_000;
const LIVE_EVERY_MS = 1_000;
const OUTCOME_TONES: Readonly<Record<string, Tone>> = { queued: 'idle', running: 'info', done: 'good', cancelled: 'idle', no_data: 'warn' };

export const outcomeTone = (outcome: string): Tone => OUTCOME_TONES[outcome] ?? 'bad';
const outcomeName = (outcome: string): string => tMaybe(`outcome.${outcome}`, outcome);
const ended = (exchange: Exchange): boolean => exchange.ended_ms !== null;

interface Console {
  readonly desk: Desk;
  readonly device: () => RegistryDevice | undefined;
  readonly command: () => Command | undefined;
  readonly texts: Signal<ReadonlyMap<string, string>>;
  sent(seq: number): void;
}

function bounds(argument: Argument): string {
  if (argument.low === null && argument.high === null) return '';
  if (argument.kind === 'integer') return t('commands.bounds', { low: argument.low ?? '−∞', high: argument.high ?? '∞', unit: argument.unit });
  return ['text', 'code'].includes(argument.kind) ? t('commands.letters', { n: argument.high ?? '∞' }) : '';
}

/** A field for an argument, as strict as the argument. */
function argumentField(given: Console, argument: Argument): HTMLElement {
  const set = (event: Event): void => given.texts.update((texts) => new Map(texts).set(argument.name, (event.target as HTMLInputElement).value.trim()));
  const value = (): string => given.texts.get().get(argument.name) ?? '';
  const hint = (): string => [
    bounds(argument),
    argument.kind === 'clock_time' ? t('commands.clock') : '', argument.required ? '' : t('commands.optional'), argument.secret ? t('commands.secret') : '',
  ].filter((word) => word !== '').join(' · ');
  const label = (): string => `${say(argument.name_text)}${argument.unit === '' || argument.kind === 'time' ? '' : ` (${argument.unit})`}`;
  if (argument.kind === 'choice') {
    const select = h('select', { name: argument.name, onchange: set }, h('option', { value: '' }, ''), ...argument.choices.map((one) => h('option', { value: String(one) }, String(one))));
    effect(() => {
      select.value = value();
    });
    return field(label, select, hint);
  }
  const types: Readonly<Record<string, string>> = { integer: 'number', time: 'datetime-local' };
  return field(label, h('input', {
    name: argument.name, type: argument.secret ? 'password' : (types[argument.kind] ?? 'text'), min: argument.low, max: argument.high, step: argument.kind === 'time' ? 1 : null,
    autocomplete: 'off', value, oninput: set,
  }), hint);
}

function argumentFields(given: Console): HTMLElement {
  const body = h('div', { class: 'stack-flow' });
  swap(body, () => given.command()?.cn ?? '', () => {
    const command = untracked(given.command);
    if (!command) return null;
    if (command.arguments.length === 0) return h('p', { class: 'muted' }, () => t('commands.noArguments'));
    return h('div', { class: 'fields' }, ...command.arguments.map((argument) => argumentField(given, argument)));
  });
  return body;
}

function commandFacts(given: Console): HTMLElement {
  const of = (read: (command: Command) => string) => (): string => {
    const command = given.command();
    return command ? read(command) : '';
  };
  const answers = (command: Command): string => [
    command.ready ? t('commands.answer.ready') : '', command.data_cns.length > 0 ? t('commands.answer.data', { cns: command.data_cns.join(', ') }) : '',
    command.result ? t('commands.answer.result') : '',
  ].filter((word) => word !== '').join(' → ') || '—';
  return h('div', { hidden: () => given.command() === undefined }, facts([
    [() => t('commands.nature'), of((command) => tMaybe(`nature.${command.nature}`, command.nature))],
    [() => t('commands.role'), of((command) => tMaybe(`role.${command.role}`, command.role))],
    [() => t('commands.answers'), of(answers)],
    [() => t('commands.mark'), of((command) => (command.mark === '' ? '—' : `${command.mark} ${tMaybe(`mark.${command.mark}`, '')}`))],
  ]));
}

/** Asks whether it shall really go; a command that acts wants the sensor's name typed. */
async function reallySend(device: RegistryDevice, command: Command, args: Readonly<Record<string, string | number>>): Promise<boolean> {
  if (command.nature === 'command.read') return true;
  const secret = new Set(command.arguments.filter((one) => one.secret).map((one) => one.name));
  const rows = Object.entries(args).map(([name, value]) =>
    [() => say(command.arguments.find((one) => one.name === name)?.name_text) || name, secret.has(name) ? '••••' : String(value)] as const);
  const real = device.origin === 'measured';
  return confirmed(() => t('commands.confirm'), [
    h('p', { class: real ? 'trouble' : 'hint' }, () => (real ? t('commands.confirm.measured') : t('commands.confirm.other', { origin: t(`origin.${device.origin}`) }))),
    facts([
      [() => t('commands.device'), `${device.sensor} · ${device.mn}`],
      [() => t('commands.command'), () => `${command.cn} ${say(command.name)}`],
      [() => t('commands.nature'), () => tMaybe(`nature.${command.nature}`, command.nature)],
      ...rows,
    ]),
  ], () => t('commands.confirm.yes'));
}

async function send(given: Console): Promise<void> {
  const { desk } = given;
  const [device, command] = [untracked(given.device), untracked(given.command)];
  if (!device || !command) return;
  const read = readArguments(command.arguments, given.texts.peek(), desk.offset_h());
  if ('bad' in read) {
    desk.say(() => t('commands.bad', { name: say(read.bad.name_text), why: tMaybe(`bad.${read.why}`, read.why) }), 'bad');
    return;
  }
  if (!(await reallySend(device, command, read.args))) return;
  try {
    const done = await desk.http.post<{ seq: number }>('/api/v1/exchanges', { mn: device.mn, cn: command.cn, args: read.args, origin: device.origin });
    desk.say(() => t('commands.queued', { seq: done.seq }));
    given.sent(done.seq);
  } catch (error) {
    const failure = asFailure(error);
    desk.say(() => failure.words(language()), 'bad');
  }
}

function composer(desk: Desk, registry: Resource<Registry>, sent: (seq: number) => void): HTMLElement {
  const mn = signal(untracked(() => desk.param('mn')));
  const cn = signal('');
  const texts = signal<ReadonlyMap<string, string>>(new Map());
  effect(() => {
    const asked = desk.param('mn');
    if (asked !== '') mn.set(asked);
  });
  const commands = resource((abort) => (mn.get() === '' ? null : desk.http.get<{ commands: readonly Command[] }>(withQuery('/api/v1/commands', { mn: mn.get() }), abort)), 0);
  effect(() => {
    mn.get();
    cn.set('');
  });
  effect(() => {
    cn.get();
    texts.set(new Map());
  });
  const device = (): RegistryDevice | undefined => registry.get().data?.devices.find((row) => row.mn === mn.get());
  const all = (): readonly Command[] => commands.get().data?.commands ?? [];
  const command = (): Command | undefined => all().find((row) => row.cn === cn.get());
  const devices = (): readonly Choice[] => [{ value: '', text: () => t('commands.device.none') },
    ...(registry.get().data?.devices ?? []).map((row) => ({ value: row.mn, text: () => `${row.sensor} · ${row.mn}` }))];
  const choices = (): readonly Choice[] => [{ value: '', text: () => t('commands.command.none') },
    ...all().map((row) => ({ value: row.cn, text: () => `${row.cn} ${say(row.name)}` }))];
  const given: Console = { desk, device, command, texts, sent };
  const go = h('div', {});
  swap(go, () => command()?.role ?? '', (role) => (role === '' ? null
    : actButton(desk, () => t('commands.go'), () => void send(given), { role: role as 'operator' | 'engineer', className: 'act send-command' })));
  return panel(() => t('commands.send'), [
    trouble(registry), trouble(commands),
    h('div', { class: 'fields' }, choice(() => t('commands.device'), mn, devices, 'mn')), h('div', {}, originOf(device)),
    h('p', { class: 'muted', hidden: () => mn.get() === '' || commands.get().data === null || all().length > 0 }, () => t('commands.noCommands')),
    h('div', { class: 'fields', hidden: () => all().length === 0 }, choice(() => t('commands.command'), cn, choices, 'cn')),
    commandFacts(given), argumentFields(given), go,
  ], { className: 'scroll composer spaced' });
}

function originOf(device: () => RegistryDevice | undefined): HTMLElement {
  return h('span', { hidden: () => device() === undefined }, originChip(() => device()?.origin ?? 'measured'));
}

function columns(desk: Desk): readonly Column<Exchange>[] {
  return [
    { id: 'seq', title: () => t('exchange.seq'), width: 7, numeric: true, text: (row) => count(row.seq), sort: (row) => row.seq },
    { id: 'when', title: () => t('exchange.when'), width: 11, text: (row) => ago(row.queued_ms, desk.now_ms.get()), sort: (row) => row.queued_ms, tip: (row) => moment(row.queued_ms, desk.offset_h()) },
    { id: 'sensor', title: () => t('commands.device'), width: 12, text: (row) => row.sensor, tip: (row) => row.mn },
    { id: 'origin', title: () => t('origin.head'), width: 11, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
    { id: 'cn', title: () => t('commands.command'), width: 24, text: (row) => `${row.cn} ${say(row.name)}` },
    { id: 'outcome', title: () => t('exchange.outcome'), width: 12, text: (row) => outcomeName(row.outcome), cell: (row) => chip(() => outcomeTone(row.get().outcome), () => outcomeName(row.get().outcome)) },
    { id: 'who', title: () => t('exchange.who'), width: 12, text: (row) => row.actor },
    { id: 'purpose', title: () => t('exchange.purpose'), width: 12, text: (row) => tMaybe(`purpose.${row.purpose}`, row.purpose) },
    { id: 'data', title: () => t('exchange.data'), width: 8, numeric: true, text: (row) => count(row.data_frames), sort: (row) => row.data_frames },
    { id: 'took', title: () => t('exchange.took'), width: 9, numeric: true, text: (row) => took(desk, row) },
  ];
}

function took(desk: Desk, row: Exchange): string {
  if (row.started_ms === null) return '—';
  const length_ms = (row.ended_ms ?? desk.now_ms.get()) - row.started_ms;
  return length_ms < 10_000 ? `${number(Math.max(0, length_ms) / 1000, 1)} s` : span(length_ms);
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const pairs = (row: Readonly<Record<string, unknown>>): string => Object.entries(row).map(([key, value]) => `${key} = ${plain(value)}`).join('\n') || '—';

async function cancel(desk: Desk, seq: number, live: Resource<ExchangeDetail>): Promise<void> {
  try {
    await desk.http.post(`/api/v1/exchanges/${seq}/cancel`, {});
    desk.say(() => t('exchange.cancelled'));
    live.refresh();
  } catch (error) {
    const failure = asFailure(error);
    desk.say(() => failure.words(language()), 'bad');
  }
}

function progress(desk: Desk): HTMLElement {
  const live: Resource<ExchangeDetail> = resource(
    (abort) => (desk.param('seq') === '' ? null : desk.http.get<ExchangeDetail>(`/api/v1/exchanges/${encodeURIComponent(desk.param('seq'))}`, abort)),
    LIVE_EVERY_MS, () => live.peek().data !== null && ended((live.peek().data as ExchangeDetail).exchange));
  const row = (): Exchange | undefined => live.get().data?.exchange;
  const of = (read: (exchange: Exchange) => string) => (): string => {
    const found = row();
    return found ? read(found) : '';
  };
  const steps = h('tbody', {});
  each(steps, () => live.get().data?.steps ?? [], (step) => String(step.no), (item) => h('tr', {},
    h('td', {}, when(desk, () => item.get().time_ms)), h('td', {}, h('b', {}, () => tMaybe(`step.${item.get().kind}`, item.get().kind))), h('td', { class: 'wrap' }, () => item.get().detail)));
  return h('div', { class: 'holder', hidden: () => desk.param('seq') === '' }, panel(() => t('exchange.title', { seq: desk.param('seq') }), [
    trouble(live),
    h('div', { class: 'stack-flow', hidden: () => row() === undefined },
      h('div', { class: 'fields' }, chip(() => outcomeTone(row()?.outcome ?? ''), () => outcomeName(row()?.outcome ?? '')), originOf(() => row() as unknown as RegistryDevice | undefined),
        h('b', {}, of((exchange) => `${exchange.cn} ${say(exchange.name)}`)), h('span', { hidden: () => row() === undefined || ended(row() as Exchange) },
          actButton(desk, () => t('exchange.cancel'), () => void cancel(desk, Number(desk.param('seq')), live), { role: 'operator', className: 'danger' }))),
      facts([
        [() => t('commands.device'), of((exchange) => `${exchange.sensor} · ${exchange.mn}`)],
        [() => t('exchange.who'), of((exchange) => `${exchange.actor} (${tMaybe(`purpose.${exchange.purpose}`, exchange.purpose)})`)],
        [() => t('exchange.when'), when(desk, () => row()?.queued_ms ?? null)],
        [() => t('exchange.took'), of((exchange) => took(desk, exchange))],
        [() => 'QN', h('span', { class: 'mono' }, of((exchange) => exchange.qn || '—'))],
        [() => t('exchange.sends'), of((exchange) => count(exchange.sends))],
        [() => t('exchange.data'), of((exchange) => count(exchange.data_frames))],
        [() => t('exchange.returns'), of((exchange) => `${exchange.qn_return ?? '—'} / ${exchange.exe_return ?? '—'}`)],
        [() => t('exchange.drift'), of((exchange) => (exchange.drift_s === null ? '—' : `${exchange.drift_s > 0 ? '+' : ''}${number(exchange.drift_s, 1)} s`))],
        [() => t('exchange.args'), h('span', { class: 'mono', style: 'white-space: pre-wrap' }, of((exchange) => pairs(exchange.args)))],
        [() => t('exchange.answer'), h('span', { class: 'mono', style: 'white-space: pre-wrap' }, of((exchange) => pairs(exchange.answer)))],
      ]),
      h('h3', {}, () => t('exchange.steps')), h('table', { class: 'plain-grid steps' }, steps)),
  ], { className: 'scroll', tools: [freshnessOf(desk, live), h('button', {
    type: 'button', class: 'icon-button', title: () => t('dialog.close'), 'aria-label': () => t('dialog.close'), onclick: () => desk.setParams({ seq: '' }),
  }, icon('close'))] }));
}

export function commands(desk: Desk): HTMLElement {
  const registry = resource((abort) => desk.http.get<Registry>('/api/v1/registry', abort), 0);
  const history = resource((abort) => desk.http.get<{ exchanges: readonly Exchange[] }>('/api/v1/exchanges?state=all&limit=200', abort), EVERY_MS);
  const sent = (seq: number): void => {
    desk.setParams({ seq: String(seq) });
    history.refresh();
  };
  const rows = computed(() => history.get().data?.exchanges ?? []);
  return screen(() => t('commands.title'), () => t('commands.about'), [
    h('div', { class: 'split-2 narrow-left' },
      composer(desk, registry, sent),
      h('div', { class: 'stack' },
        progress(desk),
        panel(() => t('exchange.history'), [
          trouble(history),
          table<Exchange>({
            label: () => t('exchange.history'), columns: columns(desk), rows: () => rows.get(), key: (row) => String(row.seq), empty: emptyWords(history, () => t('exchange.none')),
            filter: true, chosen: () => desk.param('seq'), open: (row) => desk.setParams({ seq: String(row.seq) }),
          }),
        ], { tools: freshnessOf(desk, history) }))),
  ]);
}

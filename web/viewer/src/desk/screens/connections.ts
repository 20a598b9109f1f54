/** Lines that are open now, what came over them, and what was wrong on them. */

import { computed } from '../../stores/signal';
import { h } from '../../ui/dom';
import type { Desk } from '../context';
import { t, tMaybe } from '../i18n';
import { gatherMetrics } from '../metrics';
import { emptyWords, figure, freshnessOf, originChip, panel, trouble, when } from '../parts';
import { resource, type Resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Connections, Line, LineError } from '../wire';
import { age, ago, bytes, count, moment, number, seconds } from '../words';

const EVERY_MS = 2_000;
const ERRORS_EVERY_MS = 5_000;

function newest(line: Line): number {
  return line.last_frame_ms ?? 0;
}

/** The drift that deviates most. */
export function worstDrift(line: Line): number | null {
  const drifts = line.devices.map((device) => device.clock_drift_s).filter((drift): drift is number => drift !== null);
  return drifts.reduce<number | null>((worst, drift) => (worst === null || Math.abs(drift) > Math.abs(worst) ? drift : worst), null);
}

const DRIFT_LIMIT_S = 60;

function lineColumns(desk: Desk): readonly Column<Line>[] {
  const devices = (line: Line): string => line.devices.map((device) => `${device.sensor} ${device.mn}`).join(', ');
  return [
    {
      id: 'kind', title: () => t('connections.kind'), width: 13, text: (line) => `${tMaybe(`connections.kind.${line.kind}`, line.kind)} ${line.line}`.trim(),
    },
    {
      id: 'state', title: () => t('connections.state'), width: 8, text: (line) => t(`connections.state.${line.state}`), tip: (line) => line.error,
      cell: (line) => h('span', { class: () => (line.get().state === 'down' ? 'warn' : '') }, () => t(`connections.state.${line.get().state}`)),
    },
    { id: 'peer', title: () => t('connections.peer'), width: 17, text: (line) => line.peer },
    {
      id: 'devices', title: () => t('connections.devices'), width: 28, text: (line) => devices(line) || t('connections.stranger'),
      cell: (line) => h('span', { class: () => (line.get().devices.length === 0 ? 'warn' : '') }, () => devices(line.get()) || t('connections.stranger')),
    },
    {
      id: 'origin', title: () => t('origin.head'), width: 11, text: (line) => line.devices[0]?.origin ?? '',
      cell: (line) => h('span', { hidden: () => line.get().devices.length === 0 }, originChip(() => line.get().devices[0]?.origin ?? '')),
    },
    {
      id: 'since', title: () => t('connections.since'), width: 11, sort: (line) => line.since_ms, text: (line) => ago(line.since_ms, desk.now_ms.get()),
      tip: (line) => moment(line.since_ms, desk.offset_h()),
    },
    {
      id: 'last', title: () => t('connections.last'), width: 11, numeric: true, sort: newest, text: (line) => ago(line.last_frame_ms, desk.now_ms.get()),
      tip: (line) => (line.last_frame_ms === null ? '' : moment(line.last_frame_ms, desk.offset_h())),
    },
    { id: 'frames', title: () => t('connections.frames'), width: 9, numeric: true, sort: (line) => line.frames, text: (line) => count(line.frames) },
    { id: 'rate', title: () => t('connections.rate'), width: 9, numeric: true, sort: (line) => line.frames_s, text: (line) => `${number(line.frames_s, 2)} /s` },
    { id: 'answers', title: () => t('connections.answers'), width: 9, numeric: true, sort: (line) => line.answers, text: (line) => count(line.answers) },
    { id: 'bytes', title: () => t('connections.bytes'), width: 10, numeric: true, sort: (line) => line.bytes, text: (line) => bytes(line.bytes) },
    {
      id: 'faults', title: () => t('connections.errors'), width: 8, numeric: true, sort: (line) => line.faults, text: (line) => count(line.faults),
      cell: (line) => h('span', { class: () => (line.get().faults > 0 ? 'warn' : '') }, () => count(line.get().faults)),
    },
    {
      id: 'drift', title: () => t('connections.drift'), width: 11, numeric: true, sort: worstDrift,
      text: (line) => {
        const drift = worstDrift(line);
        return drift === null ? '—' : `${drift > 0 ? '+' : ''}${number(drift, 1)} s`;
      },
      tip: () => t('connections.drift.tip'),
    },
  ];
}

function lineTone(line: Line): string {
  if (line.devices.length === 0 || line.state === 'down') return 'is-warn';
  return Math.abs(worstDrift(line) ?? 0) > DRIFT_LIMIT_S ? 'is-warn' : '';
}

function errorColumns(desk: Desk): readonly Column<LineError>[] {
  return [
    { id: 'kind', title: () => t('errors.kind'), width: 20, text: (row) => tMaybe(`kind.${row.kind}`, row.kind), tip: (row) => row.kind },
    { id: 'count', title: () => t('errors.count'), width: 9, numeric: true, sort: (row) => row.count, text: (row) => count(row.count) },
    {
      id: 'last', title: () => t('errors.last'), width: 12, numeric: true, sort: (row) => row.last_ms, text: (row) => ago(row.last_ms, desk.now_ms.get()),
      tip: (row) => moment(row.last_ms, desk.offset_h()),
    },
    {
      id: 'first', title: () => t('errors.first'), width: 12, numeric: true, sort: (row) => row.first_ms, text: (row) => ago(row.first_ms, desk.now_ms.get()),
      tip: (row) => moment(row.first_ms, desk.offset_h()),
    },
    { id: 'peer', title: () => t('errors.peer'), width: 18, text: (row) => row.last_peer },
    { id: 'detail', title: () => t('errors.detail'), width: 40, text: (row) => row.last_detail },
  ];
}

export function lineErrors(desk: Desk, open?: (row: LineError) => void): HTMLElement {
  const errors = resource((abort) => desk.http.get<{ errors: readonly LineError[] }>('/api/v1/line-errors', abort), ERRORS_EVERY_MS);
  return panel(() => t('errors.title'), [
    trouble(errors),
    table<LineError>({
      label: () => t('errors.title'), columns: errorColumns(desk), rows: () => errors.get().data?.errors ?? [], key: (row) => row.kind,
      empty: emptyWords(errors, () => t('errors.none')), first: { column: 'last', down: true }, ...(open ? { open } : {}),
    }),
  ], { tools: freshnessOf(desk, errors) });
}

function figures(desk: Desk, lines: Resource<Connections>): HTMLElement {
  const metrics = gatherMetrics(desk);
  const seen = (): Connections | null => lines.get().data;
  const number_ = (read: (found: Connections) => number) => (): string => {
    const found = seen();
    return found === null ? '—' : count(read(found));
  };
  const total = (name: string, outcome: string) => (): string => {
    const found = metrics.get().data?.labelled(name, outcome);
    return found === undefined || found === null ? '—' : count(found);
  };
  const since = (): string => t('figure.since');
  const saw = (): string => {
    const at = seen()?.time_ms ?? null;
    return at === null ? '' : t('figure.seen', { age: ago(at, desk.now_ms.get()) });
  };
  const commit = computed(() => metrics.get().data?.quantile('commit_seconds', 0.99) ?? null);
  const data_s = computed(() => metrics.get().data?.plain('data_age_seconds') ?? null);
  return h('div', { class: 'figures' },
    figure(() => t('figure.lines'), number_((found) => found.open), { unit: () => t('unit.lines'), note: saw }),
    figure(() => t('figure.strangers'), number_((found) => found.strangers), {
      unit: () => t('unit.lines'), note: saw, tone: () => ((seen()?.strangers ?? 0) > 0 ? 'warn' : ''),
    }),
    figure(() => t('figure.rate'), () => (seen() === null ? '—' : number(seen()?.frames_s ?? 0, 1)), {
      unit: () => t('unit.perS'), note: () => (seen() === null ? '' : `${bytes(seen()?.bytes_s ?? 0)}/s · ${saw()}`),
    }),
    figure(() => t('figure.data'), () => (data_s.get() === null ? '—' : age((data_s.get() ?? 0) * 1000)), { note: () => t('figure.dataNote') }),
    figure(() => t('figure.stored'), total('frames_total', 'stored'), { unit: () => t('unit.frames'), note: since }),
    figure(() => t('figure.duplicate'), total('frames_total', 'duplicate'), { unit: () => t('unit.frames'), note: since }),
    figure(() => t('figure.faulty'), total('frames_total', 'faulty'), { unit: () => t('unit.frames'), note: since }),
    figure(() => t('figure.quarantined'), total('frames_total', 'quarantined'), { unit: () => t('unit.frames'), note: since }),
    figure(() => t('figure.refused'), number_((found) => found.refused_total), { unit: () => t('unit.times'), note: saw }),
    figure(() => t('figure.commit'), () => {
      const p99 = commit.get();
      if (p99 === null) return '—';
      return p99 === Infinity ? '> 2.5 s' : `≤ ${seconds(p99)}`;
    }, { note: since }));
}

export function connections(desk: Desk): HTMLElement {
  const lines = resource((abort) => desk.http.get<Connections>('/api/v1/connections', abort), EVERY_MS);
  return screen(() => t('connections.title'), () => t('connections.about'), [
    figures(desk, lines),
    h('div', { class: 'stack' },
      panel(() => t('connections.table'), [
        trouble(lines),
        h('p', { class: 'hint', hidden: () => (lines.get().data?.folded ?? 0) === 0 }, () => t('connections.folded', { n: count(lines.get().data?.folded ?? 0) })),
        table<Line>({
          label: () => t('connections.table'), columns: lineColumns(desk), rows: () => lines.get().data?.lines ?? [], key: (line) => `${line.peer} ${line.since_ms}`,
          empty: emptyWords(lines, () => t('connections.none')), filter: true, tone: lineTone,
          open: (line) => desk.go('frames', { mn: line.devices[0]?.mn ?? '' }),
        }),
      ], { className: 'grow', tools: freshnessOf(desk, lines), aside: h('span', {}, () => t('connections.seen'), ' ', when(desk, () => lines.get().data?.time_ms ?? null)) }),
      lineErrors(desk, (row) => desk.go('frames', { fault: row.kind }))),
  ]);
}

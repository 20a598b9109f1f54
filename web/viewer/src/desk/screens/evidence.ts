/** Checkpoints, the book of acts, and a button that verifies all of it now. */

import { language, say } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { signal } from '../../stores/signal';
import { each, h } from '../../ui/dom';
import type { Desk } from '../context';
import { t, tMaybe } from '../i18n';
import { actButton, chip, emptyWords, facts, figure, freshnessOf, panel, trouble, when } from '../parts';
import { asFailure, resource, type Resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import { age, ago, count, moment, seconds } from '../words';

const EVERY_MS = 5_000;
const ACTS = 100;

interface Tree {
  readonly size: number;
  readonly root: string;
  readonly head: string;
}

interface Checkpoint {
  readonly seq: number;
  readonly time_ms: number;
  readonly frames: Tree;
  readonly acts: Tree;
  readonly signature: string;
}

interface Verified {
  readonly time_ms: number;
  readonly actor: string;
  readonly good: boolean;
  readonly frames: number;
  readonly acts: number;
  readonly checkpoints: number;
  readonly seconds: number;
  readonly findings: readonly { readonly kind: string; readonly log: string; readonly seq: number | null; readonly message: string; readonly message_zh: string }[];
}

interface Evidence {
  readonly public_key: string | null;
  readonly key_id: string | null;
  readonly age_s: number | null;
  readonly frames_since: number | null;
  readonly acts_since: number | null;
  readonly copied_seq: number | null;
  readonly checkpoints: readonly Checkpoint[];
  readonly verified: Verified | null;
}

interface Act {
  readonly seq: number;
  readonly time_ms: number;
  readonly kind: string;
  readonly actor: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly body_sha256: string;
  readonly hash: string;
}

const short = (hex: string): string => `${hex.slice(0, 12)}…`;

function checkpointColumns(desk: Desk): readonly Column<Checkpoint>[] {
  const mono = (read: (row: Checkpoint) => string): Pick<Column<Checkpoint>, 'text' | 'cell' | 'tip'> => ({
    text: (row) => short(read(row)), tip: read, cell: (row) => h('span', { class: 'mono' }, () => short(read(row.get()))),
  });
  return [
    { id: 'seq', title: () => t('evidence.seq'), width: 8, numeric: true, text: (row) => count(row.seq), sort: (row) => row.seq },
    { id: 'age', title: () => t('evidence.age'), width: 11, numeric: true, text: (row) => ago(row.time_ms, desk.now_ms.get()), sort: (row) => -row.time_ms, tip: (row) => moment(row.time_ms, desk.offset_h()) },
    { id: 'frames', title: () => t('evidence.frames'), width: 11, numeric: true, text: (row) => count(row.frames.size), sort: (row) => row.frames.size },
    { id: 'froot', title: () => t('evidence.root.frames'), width: 15, ...mono((row) => row.frames.root) },
    { id: 'acts', title: () => t('evidence.acts'), width: 11, numeric: true, text: (row) => count(row.acts.size), sort: (row) => row.acts.size },
    { id: 'aroot', title: () => t('evidence.root.acts'), width: 15, ...mono((row) => row.acts.root) },
    { id: 'signature', title: () => t('evidence.signature'), width: 15, ...mono((row) => row.signature) },
  ];
}

/** A name in two languages becomes the one in use, however deep it lies. */
function spoken(_key: string, value: unknown): unknown {
  const both = value as { zh?: unknown; en?: unknown } | null;
  if (typeof both === 'object' && both !== null && typeof both.zh === 'string' && typeof both.en === 'string') return say({ zh: both.zh, en: both.en });
  return value;
}

/** What an act says, on one line. */
export function bodyWords(body: Readonly<Record<string, unknown>>): string {
  return Object.entries(body).map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value, spoken)}`).join(' · ');
}

const TONES: Readonly<Record<string, 'good' | 'bad' | 'warn' | 'info'>> = { 'desk.done': 'good', 'desk.failed': 'warn', 'desk.refused': 'bad' };

function actColumns(desk: Desk): readonly Column<Act>[] {
  const kind = (row: Act): string => tMaybe(`act.${row.kind}`, row.kind);
  return [
    { id: 'seq', title: () => t('evidence.seq'), width: 7, numeric: true, text: (row) => count(row.seq), sort: (row) => row.seq },
    { id: 'when', title: () => t('evidence.time'), width: 12, text: (row) => ago(row.time_ms, desk.now_ms.get()), sort: (row) => row.time_ms, tip: (row) => moment(row.time_ms, desk.offset_h()) },
    { id: 'actor', title: () => t('acts.actor'), width: 12, text: (row) => row.actor },
    { id: 'kind', title: () => t('acts.kind'), width: 15, text: kind, tip: (row) => row.kind, cell: (row) => chip(() => TONES[row.get().kind] ?? 'info', () => kind(row.get())) },
    { id: 'body', title: () => t('acts.body'), width: 50, text: (row) => bodyWords(row.body), cell: (row) => h('span', { class: 'verbatim' }, () => bodyWords(row.get().body)) },
    { id: 'hash', title: () => t('acts.hash'), width: 14, text: (row) => short(row.hash), tip: (row) => row.hash, cell: (row) => h('span', { class: 'mono muted' }, () => short(row.get().hash)) },
  ];
}

function verification(desk: Desk, found: Resource<Evidence>): HTMLElement {
  const busy = signal(false);
  const last = (): Verified | null => found.get().data?.verified ?? null;
  const verify = async (): Promise<void> => {
    busy.set(true);
    try {
      const done = await desk.http.post<Verified>('/api/v1/evidence/verify', {});
      desk.say(() => t(done.good ? 'evidence.good' : 'evidence.bad'), done.good ? 'good' : 'bad');
      found.refresh();
    } catch (error) {
      const failure = asFailure(error);
      desk.say(() => failure.words(language()), 'bad');
    } finally {
      busy.set(false);
    }
  };
  const findings = h('ul', { class: 'rows' });
  each(findings, () => (last()?.findings ?? []).map((row, at) => ({ ...row, at })), (row) => String(row.at), (item) => h('li', {},
    h('b', {}, () => `${item.get().log} ${item.get().seq ?? ''}`), ' ', () => (language() === 'zh' ? item.get().message_zh : item.get().message)));
  return panel(() => t('evidence.last'), [
    h('div', { class: 'fields' },
      actButton(desk, () => t(busy.get() ? 'evidence.verifying' : 'evidence.verify'), () => void verify(), { role: 'reviewer', className: 'act', disabled: () => busy.get() }),
      chip(() => (last() === null ? 'idle' : last()?.good ? 'good' : 'bad'), () => t(last() === null ? 'evidence.never' : last()?.good ? 'evidence.good' : 'evidence.bad'))),
    h('div', { hidden: () => last() === null }, facts([
      [() => t('evidence.time'), h('span', {}, when(desk, () => last()?.time_ms ?? null), () => ` · ${last()?.actor ?? ''}`)],
      [() => t('acts.body'), () => t('evidence.took', {
        frames: count(last()?.frames ?? 0), acts: count(last()?.acts ?? 0), checkpoints: count(last()?.checkpoints ?? 0), s: (last()?.seconds ?? 0) < 0.05 ? '< 0.1 s' : seconds(last()?.seconds ?? 0),
      })],
      [() => t('evidence.key'), h('span', { class: 'mono small' }, () => found.get().data?.public_key ?? '—')],
    ])),
    findings,
  ], { className: 'scroll spaced' });
}

function figures(desk: Desk, found: Resource<Evidence>): HTMLElement {
  const newest = (): Checkpoint | undefined => found.get().data?.checkpoints[0];
  const number = (value: number | null | undefined): string => (value === null || value === undefined ? '—' : count(value));
  const note = (): string => {
    const at = newest()?.time_ms;
    return at === undefined ? t('evidence.checkpoint.none') : ago(at, desk.now_ms.get());
  };
  const checkpointAge = (): string => {
    const at = newest()?.time_ms;
    return at === undefined ? '—' : age(Math.max(0, desk.now_ms.get() - at));
  };
  return h('div', { class: 'figures' },
    figure(() => t('evidence.checkpoint'), checkpointAge, { note: () => (newest() === undefined ? t('evidence.checkpoint.none') : `${t('evidence.seq')} ${number(newest()?.seq)}`) }),
    figure(() => t('evidence.frames'), () => number(newest()?.frames.size), { unit: () => t('unit.frames'), note }),
    figure(() => t('evidence.acts'), () => number(newest()?.acts.size), { unit: () => t('evidence.unit.acts'), note }),
    figure(() => t('evidence.since'), () => `${number(found.get().data?.frames_since)} + ${number(found.get().data?.acts_since)}`, { unit: () => `${t('unit.frames')} + ${t('evidence.unit.acts')}` }),
    figure(() => t('evidence.copied'), () => number(found.get().data?.copied_seq), { note: () => t('evidence.seq') }));
}

export function evidence(desk: Desk): HTMLElement {
  const found = resource((abort) => desk.http.get<Evidence>(withQuery('/api/v1/evidence', { limit: 60 }), abort), EVERY_MS);
  const acts = resource((abort) => desk.http.get<{ acts: readonly Act[]; next_before: number | null }>(withQuery('/api/v1/acts', { limit: ACTS }), abort), EVERY_MS);
  const older = signal<readonly Act[]>([]);
  const rows = (): readonly Act[] => {
    const first = acts.get().data?.acts ?? [];
    const least = first.at(-1)?.seq ?? Infinity;
    return [...first, ...older.get().filter((row) => row.seq < least)];
  };
  const more = async (): Promise<void> => {
    const before = older.peek().at(-1)?.seq ?? acts.peek().data?.next_before ?? null;
    if (before === null) return;
    const page = await desk.http.get<{ acts: readonly Act[]; next_before: number | null }>(withQuery('/api/v1/acts', { before, limit: ACTS }));
    older.update((list) => [...list, ...page.acts]);
  };
  return screen(() => t('evidence.title'), () => t('evidence.about'), [
    figures(desk, found),
    h('div', { class: 'split-2 wide-left' },
      panel(() => t('evidence.checkpoints'), [
        trouble(found),
        table<Checkpoint>({
          label: () => t('evidence.checkpoints'), columns: checkpointColumns(desk), rows: () => found.get().data?.checkpoints ?? [], key: (row) => String(row.seq),
          empty: emptyWords(found, () => t('evidence.checkpoint.none')),
        }),
      ], { tools: freshnessOf(desk, found) }),
      verification(desk, found)),
    panel(() => t('acts.title'), [
      trouble(acts),
      table<Act>({
        label: () => t('acts.title'), columns: actColumns(desk), rows, key: (row) => String(row.seq), empty: emptyWords(acts, () => t('acts.none')), filter: true,
        tools: h('button', { type: 'button', class: 'text-button', onclick: () => void more() }, () => t('acts.older')),
        tone: (row) => (row.kind === 'desk.refused' ? 'is-bad' : row.kind === 'desk.failed' ? 'is-warn' : ''),
      }),
    ], { className: 'grow', tools: freshnessOf(desk, acts) }),
  ]);
}

/** Browser of raw frames: which ones, the list, and one of them in full. */

import { withQuery } from '../../sources/http';
import { computed, effect, signal, untracked } from '../../stores/signal';
import { h } from '../../ui/dom';
import type { Desk } from '../context';
import { distinct } from '../distinct';
import { choice, entry, readLocal, writeLocal, type Choice } from '../form';
import { t, tMaybe } from '../i18n';
import { chip, emptyWords, freshnessOf, panel, trouble } from '../parts';
import { resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Frame, FramePage } from '../wire';
import { ago, clock, count, moment } from '../words';
import { frameDetail } from './frame_detail';

const PAGE = 100;
const EVERY_MS = 4_000;
/** As many pages are asked for at once while a rare frame is looked for. */
const PAGES_AT_ONCE = 5;
const FAULTS = [
  'unknown_factor', 'bad_time', 'time_out_of_window', 'clock_ahead', 'bad_flag', 'no_cp', 'bad_cp', 'unknown_cn', 'unknown_st', 'duplicate_key',
  'duplicate_factor', 'bad_split', 'split_incomplete', 'undecodable_text', 'cannot_decrypt', 'unknown_device', 'wrong_password', 'wrong_protocol',
] as const;

interface Wanted {
  readonly [name: string]: string | number | null;
}

function wanted(desk: Desk): Wanted {
  const quarantined = desk.param('status') === 'quarantined';
  return {
    status: quarantined ? 'quarantined' : 'stored', mn: desk.param('mn') || null, cn: quarantined ? null : desk.param('cn') || null,
    from: readLocal(desk.param('from'), desk.offset_h()), to: readLocal(desk.param('to'), desk.offset_h()), fault: desk.param('fault') || null, limit: PAGE,
  };
}

const address = (query: Wanted, before: number | null = null): string => withQuery('/api/v1/frames', { ...query, before });

/** Pages beyond the newest one, fetched when the end of the list is seen. */
class Older {
  readonly rows = signal<readonly Frame[]>([]);
  readonly next = signal<number | null | undefined>(undefined);
  readonly looked_ms = signal<number | null>(null);
  readonly busy = signal(false);
  private asked = 0;

  constructor(private readonly desk: Desk) {}

  clear(): void {
    this.asked += 1;
    this.rows.set([]);
    this.next.set(undefined);
    this.busy.set(false);
  }

  async more(query: Wanted, first: FramePage): Promise<void> {
    const before = this.next.peek() === undefined ? first.before : this.next.peek();
    if (this.busy.peek() || before === null || before === undefined) return;
    const mine = this.asked;
    this.busy.set(true);
    try {
      await this.pages(query, before, mine);
    } catch {
      // The list says that it ends here; scrolling again asks again.
    } finally {
      if (mine === this.asked) this.busy.set(false);
    }
  }

  private async pages(query: Wanted, from: number, mine: number): Promise<void> {
    let before: number | null = from;
    let found = 0;
    for (let k = 0; k < PAGES_AT_ONCE && before !== null && found < PAGE / 2; k += 1) {
      const page: FramePage = await this.desk.http.get<FramePage>(address(query, before));
      if (mine !== this.asked) return;
      this.rows.update((rows) => [...rows, ...page.frames]);
      this.next.set(page.before);
      this.looked_ms.set(page.looked_to_ms);
      before = page.before;
      found += page.frames.length;
    }
  }
}

const cnText = (cn: string): string => `${cn} ${tMaybe(`cn.${cn}`, '')}`.trim();

function columns(desk: Desk): readonly Column<Frame>[] {
  return [
    { id: 'seq', title: () => t('frames.seq'), width: 9, numeric: true, sort: (row) => row.seq, text: (row) => count(row.seq) },
    {
      id: 'received', title: () => t('frames.received'), width: 15, sort: (row) => row.received_ms,
      text: (row) => clock(row.received_ms, desk.now_ms.get(), desk.offset_h()), tip: (row) => moment(row.received_ms, desk.offset_h()),
    },
    { id: 'age', title: () => t('frames.age'), width: 10, numeric: true, sort: (row) => -row.received_ms, text: (row) => ago(row.received_ms, desk.now_ms.get()) },
    { id: 'mn', title: () => t('frames.mn'), width: 25, text: (row) => row.mn, cell: (row) => h('span', { class: 'mono' }, () => row.get().mn) },
    { id: 'cn', title: () => t('frames.cn'), width: 14, text: (row) => cnText(row.cn) },
    {
      id: 'fault', title: () => t('frames.fault'), width: 15, text: (row) => (row.reason === '' ? '—' : tMaybe(`kind.${row.reason}`, row.reason)),
      cell: (row) => h('span', { class: () => (row.get().reason === '' ? 'muted' : 'warn') }, () => (row.get().reason === '' ? '—' : tMaybe(`kind.${row.get().reason}`, row.get().reason))),
    },
    { id: 'segment', title: () => t('frames.segment'), width: 46, text: (row) => row.segment, cell: (row) => h('span', { class: 'mono muted' }, () => row.get().segment) },
  ];
}

function conditions(desk: Desk): HTMLElement {
  const bound = (name: string): ReturnType<typeof signal<string>> => {
    const value = signal(untracked(() => desk.param(name)));
    effect(() => value.set(desk.param(name)));
    effect(() => {
      const text = value.get();
      untracked(() => {
        if (desk.param(name) !== text) desk.setParams({ [name]: text });
      });
    });
    return value;
  };
  const known = resource((abort) => desk.http.get<{ devices: readonly { mn: string; sensor: string }[] }>('/api/v1/devices', abort), 0);
  const mns = (): readonly Choice[] => {
    const rows = known.get().data?.devices ?? [];
    const present = desk.param('mn');
    const stranger = present !== '' && !rows.some((row) => row.mn === present) ? [{ value: present, text: () => present }] : [];
    return [{ value: '', text: () => t('frames.mn.all') }, ...stranger, ...rows.map((row) => ({ value: row.mn, text: () => `${row.sensor} · ${row.mn}` }))];
  };
  const faults = (): readonly Choice[] => [
    { value: '', text: () => t('frames.fault.all') }, { value: 'any', text: () => t('frames.fault.any') },
    ...FAULTS.map((kind) => ({ value: kind, text: () => t(`kind.${kind}`) })),
  ];
  const stores = (): readonly Choice[] => [
    { value: '', text: () => t('frames.status.stored') }, { value: 'quarantined', text: () => t('frames.status.quarantined') },
  ];
  const names = ['status', 'mn', 'cn', 'fault', 'from', 'to'] as const;
  return h('div', { class: 'fields', role: 'search' },
    choice(() => t('frames.status'), bound('status'), stores),
    choice(() => t('frames.mn'), bound('mn'), mns),
    entry(() => t('frames.cn'), bound('cn'), { size: 6, placeholder: () => '2011' }),
    choice(() => t('frames.fault'), bound('fault'), faults),
    moments(desk, bound('from'), bound('to')),
    h('button', { type: 'button', class: 'text-button', onclick: () => desk.setParams(Object.fromEntries(names.map((name) => [name, '']))) }, () => t('frames.clear')));
}

/** Two moments in park time, and buttons for the usual spans. */
function moments(desk: Desk, from: ReturnType<typeof signal<string>>, to: ReturnType<typeof signal<string>>): HTMLElement {
  const since = (hours: number): void => {
    from.set(writeLocal(desk.now_ms.peek() - hours * 3_600_000, desk.offset_h()));
    to.set('');
  };
  return h('div', { class: 'fields' },
    entry(() => t('frames.from'), from, { type: 'datetime-local' }), entry(() => t('frames.to'), to, { type: 'datetime-local' }),
    ...[1, 24].map((hours) => h('button', { type: 'button', class: 'text-button', onclick: () => since(hours) }, () => t('frames.last', { n: hours }))));
}

export function frames(desk: Desk): HTMLElement {
  const query = distinct(() => wanted(desk), (a, b) => JSON.stringify(a) === JSON.stringify(b));
  const newest = resource((abort) => desk.http.get<FramePage>(address(query.get()), abort), EVERY_MS, () => desk.param('seq') !== '');
  const older = new Older(desk);
  effect(() => {
    query.get();
    older.clear();
  });
  const rows = computed((): readonly Frame[] => {
    const first = newest.get().data?.frames ?? [];
    const rest = older.rows.get();
    const seen = new Set(first.map((row) => row.seq));
    return rest.length === 0 ? first : [...first, ...rest.filter((row) => !seen.has(row.seq))];
  });
  const more = (): void => {
    const first = newest.peek().data;
    if (first) void older.more(query.peek(), first);
  };
  const end = (): string => {
    if (older.busy.get()) return t('frames.loadingOlder');
    const before = older.next.get() === undefined ? newest.get().data?.before : older.next.get();
    if (before === null || before === undefined) return newest.get().data ? t('frames.end') : '';
    const looked = older.looked_ms.get() ?? newest.get().data?.looked_to_ms ?? null;
    return looked === null ? '' : t('frames.reached', { time: moment(looked, desk.offset_h()) });
  };
  const chosen = (): string => desk.param('seq');
  const status = (): 'stored' | 'quarantined' => (desk.param('status') === 'quarantined' ? 'quarantined' : 'stored');
  return screen(() => t('frames.title'), () => t('frames.about'), [
    conditions(desk),
    h('div', { class: () => `split-2 ${chosen() === '' ? 'closed' : ''}` },
      panel(() => t('frames.title'), [
        trouble(newest),
        table<Frame>({
          label: () => t('frames.title'), columns: columns(desk), rows: () => rows.get(), key: (row) => String(row.seq), empty: emptyWords(newest, () => t('frames.none')),
          filter: true, chosen, open: (row) => desk.setParams({ seq: String(row.seq) }), more, tone: (row) => (row.reason === '' ? '' : 'is-warn'),
          tools: h('button', { type: 'button', class: 'text-button', onclick: more }, () => t('frames.older')),
        }),
        h('p', { class: 'caption muted', role: 'status' }, end),
      ], { tools: freshnessOf(desk, newest), aside: h('span', { hidden: () => status() === 'stored' }, chip(() => 'warn', () => t('frames.status.quarantined'))) }),
      frameDetail(desk, chosen, status)),
  ]);
}

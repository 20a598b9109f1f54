/** Upload of files: read on trial, every row that cannot be used, and only then stored. */

import { language, say } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { computed, effect, signal } from '../../stores/signal';
import { each, h } from '../../ui/dom';
import { splitKey, type Text } from '../../wire';
import type { Desk } from '../context';
import { confirmed } from '../dialog';
import { choice, entry, type Choice } from '../form';
import { t, tMaybe } from '../i18n';
import { actButton, chip, emptyWords, freshnessOf, originChip, panel, seriesName, trouble } from '../parts';
import { asFailure, resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import { ago, bytes, count, moment, value } from '../words';

const MOST_BYTES = 5_000_000;
const EVERY_MS = 10_000;
const FORMATS = ['auto', 'csv', 'xlsx', 'json', 'ftir', 'lidar'] as const;

interface UploadDevice {
  readonly mn: string;
  readonly sensor: string;
  readonly station: string;
  readonly protocol: string;
  readonly origin: string;
}

interface Result {
  readonly status: 'stored' | 'duplicate' | 'dry_run';
  readonly mn: string;
  readonly sensor: string;
  readonly origin: string;
  readonly format: string;
  readonly filename: string;
  readonly frame_seq: number | null;
  readonly rows: number;
  readonly good: number;
  readonly bad: number;
  readonly values: number;
  readonly columns: readonly { readonly header: string; readonly role: string; readonly code: string; readonly unit: string }[];
  readonly problems: readonly { readonly row: number; readonly column: string; readonly value: string; readonly expected: Text }[];
  readonly preview: readonly { readonly row: number; readonly key: string; readonly time_ms: number; readonly value: number | null; readonly si_unit: string; readonly text: string; readonly mark: string }[];
}

interface Upload {
  readonly seq: number;
  readonly frame_seq: number | null;
  readonly mn: string;
  readonly time_ms: number;
  readonly actor: string;
  readonly filename: string;
  readonly format: string;
  readonly rows: number;
  readonly good: number;
  readonly bad: number;
  readonly values: number;
  readonly analyst: string;
  readonly method: string;
  readonly note: string;
}

function outcome(desk: Desk, result: () => Result | null): HTMLElement {
  const tone = (): 'good' | 'warn' | 'info' => (result()?.status === 'stored' ? 'good' : result()?.status === 'duplicate' ? 'warn' : 'info');
  const problems = h('tbody', {});
  each(problems, () => (result()?.problems ?? []).map((row, at) => ({ ...row, at })), (row) => String(row.at), (item) => h('tr', {},
    h('td', { class: 'num' }, () => count(item.get().row)), h('td', {}, () => item.get().column), h('td', { class: 'mono warn wrap' }, () => item.get().value || '—'),
    h('td', { class: 'wrap' }, () => say(item.get().expected))));
  const columns = h('tbody', {});
  each(columns, () => (result()?.columns ?? []).map((row, at) => ({ ...row, at })), (row) => String(row.at), (item) => h('tr', {},
    h('td', {}, () => item.get().header), h('td', {}, () => tMaybe(`upload.role.${item.get().role}`, item.get().role)), h('td', { class: 'mono' }, () => item.get().code || '—'),
    h('td', {}, () => item.get().unit || '—')));
  const preview = h('tbody', {});
  each(preview, () => (result()?.preview ?? []).map((row, at) => ({ ...row, at })), (row) => String(row.at), (item) => h('tr', {},
    h('td', { class: 'num' }, () => count(item.get().row)), h('td', {}, () => seriesName(desk, item.get().key)), h('td', {}, () => moment(item.get().time_ms, desk.offset_h())),
    h('td', { class: 'num mono' }, () => item.get().text), h('td', { class: 'num' }, h('b', {}, () => value(item.get().value, splitKey(item.get().key).quantity))), h('td', {}, () => item.get().mark)));
  const head = (...titles: readonly (() => string)[]): HTMLElement => h('thead', {}, h('tr', {}, ...titles.map((title) => h('th', { scope: 'col' }, title))));
  return h('div', { class: 'stack-flow' },
    h('p', { class: 'empty', hidden: () => result() !== null }, () => t('upload.result.none')),
    h('div', { class: 'stack-flow', hidden: () => result() === null },
      h('div', { class: 'fields' }, chip(tone, () => tMaybe(`upload.status.${result()?.status ?? ''}`, '')), originChip(() => result()?.origin ?? 'measured'),
        h('b', {}, () => result()?.sensor ?? ''), h('span', {}, () => {
          const row = result();
          return row ? t('upload.rows', { rows: count(row.rows), good: count(row.good), bad: count(row.bad), values: count(row.values) }) : '';
        })),
      h('h3', {}, () => t('upload.problems')),
      h('p', { class: 'muted', hidden: () => (result()?.problems.length ?? 0) > 0 }, () => t('upload.problems.none')),
      h('table', { class: 'plain-grid', hidden: () => (result()?.problems.length ?? 0) === 0 },
        head(() => t('upload.row'), () => t('upload.column'), () => t('upload.value'), () => t('upload.expected')), problems),
      h('h3', {}, () => t(result()?.status === 'stored' ? 'upload.preview.done' : 'upload.preview')),
      h('table', { class: 'plain-grid' }, head(() => t('upload.row'), () => t('stat.series'), () => t('evidence.time'), () => t('frames.sent'), () => t('frames.value'), () => t('stat.mark')), preview),
      h('h3', {}, () => t('upload.columns')),
      h('table', { class: 'plain-grid' }, head(() => t('upload.header'), () => t('upload.role'), () => t('upload.code'), () => t('upload.unit')), columns)));
}

function historyColumns(desk: Desk): readonly Column<Upload>[] {
  return [
    { id: 'when', title: () => t('upload.when'), width: 11, text: (row) => ago(row.time_ms, desk.now_ms.get()), sort: (row) => row.time_ms, tip: (row) => moment(row.time_ms, desk.offset_h()) },
    { id: 'who', title: () => t('upload.who'), width: 11, text: (row) => row.actor },
    { id: 'mn', title: () => t('devices.mn'), width: 24, text: (row) => row.mn, cell: (row) => h('span', { class: 'mono' }, () => row.get().mn) },
    { id: 'file', title: () => t('upload.form'), width: 22, text: (row) => `${row.filename} (${row.format})` },
    { id: 'good', title: () => t('stat.valid'), width: 8, numeric: true, text: (row) => count(row.good), sort: (row) => row.good },
    { id: 'bad', title: () => t('stat.invalid'), width: 8, numeric: true, text: (row) => count(row.bad), sort: (row) => row.bad },
    { id: 'values', title: () => t('reviews.values'), width: 8, numeric: true, text: (row) => count(row.values), sort: (row) => row.values },
    { id: 'analyst', title: () => t('upload.analyst'), width: 12, text: (row) => row.analyst || '—' },
    { id: 'method', title: () => t('upload.method'), width: 14, text: (row) => row.method || '—' },
    { id: 'note', title: () => t('upload.note'), width: 16, text: (row) => row.note || '—' },
  ];
}

interface Form {
  readonly mn: ReturnType<typeof signal<string>>;
  readonly format: ReturnType<typeof signal<string>>;
  readonly analyst: ReturnType<typeof signal<string>>;
  readonly method: ReturnType<typeof signal<string>>;
  readonly note: ReturnType<typeof signal<string>>;
  readonly file: ReturnType<typeof signal<File | null>>;
}

function address(form: Form, dry_run: boolean): string {
  return withQuery('/api/v1/uploads', {
    mn: form.mn.peek(), filename: form.file.peek()?.name ?? '', format: form.format.peek(), dry_run: String(dry_run), analyst: form.analyst.peek() || null,
    method: form.method.peek() || null, note: form.note.peek() || null,
  });
}

export function upload(desk: Desk): HTMLElement {
  const form: Form = { mn: signal(''), format: signal('auto'), analyst: signal(''), method: signal(''), note: signal(''), file: signal<File | null>(null) };
  const result = signal<Result | null>(null);
  const busy = signal(false);
  const devices = resource((abort) => desk.http.get<{ devices: readonly UploadDevice[] }>('/api/v1/uploads/devices', abort), 0);
  const history = resource((abort) => desk.http.get<{ uploads: readonly Upload[] }>(withQuery('/api/v1/uploads', { limit: 100 }), abort), EVERY_MS);
  // What was read on trial belongs to this file and this device only.
  effect(() => {
    form.mn.get();
    form.file.get();
    form.format.get();
    result.set(null);
  });
  const send = async (dry_run: boolean): Promise<void> => {
    const file = form.file.peek();
    if (!file || form.mn.peek() === '' || busy.peek()) return;
    if (file.size > MOST_BYTES) {
      desk.say(() => t('upload.tooLarge', { size: bytes(file.size) }), 'bad');
      return;
    }
    busy.set(true);
    try {
      result.set(await desk.http.upload<Result>(address(form, dry_run), file));
      if (!dry_run) history.refresh();
    } catch (error) {
      const failure = asFailure(error);
      desk.say(() => failure.words(language()), 'bad');
    } finally {
      busy.set(false);
    }
  };
  const store = async (): Promise<void> => {
    const read = result.peek();
    if (!read) return;
    const sure = await confirmed(() => t('upload.confirm', { values: count(read.values), sensor: read.sensor }),
      [h('p', { class: 'hint warn', hidden: read.bad === 0 }, () => t('upload.confirm.bad', { bad: count(read.bad) }))], () => t('upload.store'));
    if (sure) await send(false);
  };
  const ready = computed(() => form.mn.get() !== '' && form.file.get() !== null && !busy.get());
  const takers = (): readonly Choice[] => [{ value: '', text: () => t('upload.device.none') },
    ...(devices.get().data?.devices ?? []).map((row) => ({ value: row.mn, text: () => `${row.sensor} · ${row.mn} (${row.protocol})` }))];
  const formats = (): readonly Choice[] => FORMATS.map((one) => ({ value: one, text: () => t(`upload.format.${one}`) }));
  const template = (format: 'csv' | 'xlsx'): HTMLElement => h('a', {
    class: 'text-button', download: '', hidden: () => form.mn.get() === '', href: () => withQuery('/api/v1/uploads/template', { mn: form.mn.get(), format, language: language() }),
  }, () => t(`upload.template.${format}`));
  return screen(() => t('upload.title'), () => t('upload.about'), [
    h('div', { class: 'split-2 even' },
      panel(() => t('upload.form'), [
        trouble(devices),
        h('p', { class: 'hint', hidden: () => devices.get().data === null || (devices.get().data?.devices.length ?? 0) > 0 }, () => t('upload.noDevices')),
        h('div', { class: 'fields' }, choice(() => t('upload.device'), form.mn, takers), choice(() => t('upload.format'), form.format, formats)),
        h('div', { class: 'fields' }, template('csv'), template('xlsx')),
        h('div', { class: 'field' }, h('span', {}, () => t('upload.file')), h('div', { class: 'file-row' },
          h('label', { class: 'text-button' }, () => t('upload.choose'), h('input', {
            type: 'file', name: 'file', class: 'hidden-input', 'aria-label': () => t('upload.file'), accept: '.csv,.txt,.xlsx,.json,.nc,.zip,text/csv',
            onchange: (event: Event) => form.file.set((event.target as HTMLInputElement).files?.[0] ?? null),
          })),
          h('span', {}, () => (form.file.get() ? `${form.file.get()?.name ?? ''} · ${bytes(form.file.get()?.size ?? 0)}` : t('upload.noFile'))))),
        h('div', { class: 'fields' },
          entry(() => t('upload.analyst'), form.analyst, { size: 14, live: true }), entry(() => t('upload.method'), form.method, { size: 18, live: true }),
          entry(() => t('upload.note'), form.note, { size: 24, live: true })),
        h('div', { class: 'fields' },
          actButton(desk, () => t(busy.get() ? 'upload.reading' : 'upload.try'), () => void send(true), { role: 'operator', disabled: () => !ready.get() }),
          actButton(desk, () => t('upload.store'), () => void store(), { role: 'operator', className: 'act', disabled: () => !ready.get() || result.get()?.status !== 'dry_run' || result.get()?.good === 0 })),
      ], { className: 'scroll spaced' }),
      panel(() => t('upload.result'), [outcome(desk, () => result.get())], { className: 'scroll' })),
    panel(() => t('upload.history'), [
      trouble(history),
      table<Upload>({
        label: () => t('upload.history'), columns: historyColumns(desk), rows: () => history.get().data?.uploads ?? [], key: (row) => String(row.seq),
        empty: emptyWords(history, () => t('upload.history.none')),
        open: (row) => (row.frame_seq === null ? undefined : desk.go('frames', { seq: String(row.frame_seq), mn: row.mn })),
      }),
    ], { className: 'low', tools: freshnessOf(desk, history) }),
  ]);
}

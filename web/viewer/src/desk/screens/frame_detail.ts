/** One frame in full: what it means, its text, its bytes. */

import { say } from '../../i18n/language';
import { signal } from '../../stores/signal';
import { each, h } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { unitLabel } from '../../units';
import { splitKey } from '../../wire';
import { hexLines } from '../hex';
import type { Desk } from '../context';
import { t, tMaybe } from '../i18n';
import { facts, freshnessOf, originChip, panel, qualityChip, quantityName, trouble, when } from '../parts';
import { resource, type Resource } from '../resource';
import { tabs } from '../tabs';
import type { FrameDetail, FrameValue, Registry, RegistryDevice } from '../wire';
import { checkNames, count, markName, span, value } from '../words';

type Factor = RegistryDevice['factors'][number];

export function frameDetail(desk: Desk, seq: () => string, status: () => 'stored' | 'quarantined'): HTMLElement {
  const detail = resource((abort) => {
    const [chosen, kept] = [seq(), status()];
    return chosen === '' ? null : desk.http.get<FrameDetail>(`/api/v1/frames/${kept === 'stored' ? '' : 'quarantined/'}${encodeURIComponent(chosen)}`, abort);
  }, 0);
  const registry = resource((abort) => desk.http.get<Registry>('/api/v1/registry', abort), 0);
  const open = signal('decoded');
  const found = (): FrameDetail | null => detail.get().data;
  const [list, body] = tabs(() => t('frames.detail', { seq: '' }), open, [
    { id: 'decoded', title: () => t('frames.tab.decoded'), make: () => decoded(desk, detail, registry) },
    { id: 'text', title: () => t('frames.tab.text'), make: () => h('pre', { class: 'raw mono' }, () => found()?.frame.segment ?? '') },
    { id: 'hex', title: () => t('frames.tab.hex'), make: () => hexView(found) },
  ]);
  const element = panel(() => t('frames.detail', { seq: seq() }), [
    trouble(detail),
    h('p', { class: 'empty', hidden: () => found() !== null || detail.get().error !== null }, () => t('fresh.loading')),
    h('div', { class: 'stack-flow', hidden: () => found() === null }, list as HTMLElement, body as HTMLElement),
  ], {
    className: 'scroll frame-detail', tools: [freshnessOf(desk, detail), h('button', {
      type: 'button', class: 'icon-button', title: () => t('dialog.close'), 'aria-label': () => t('dialog.close'), onclick: () => desk.setParams({ seq: '' }),
    }, icon('close'))],
  });
  return h('div', { class: 'holder', hidden: () => seq() === '' }, element);
}

function hexView(found: () => FrameDetail | null): HTMLElement {
  const lines = (): readonly { at: string; hex: string; text: string }[] => hexLines(found()?.hex ?? '');
  const body = h('div', { class: 'hex mono' });
  each(body, lines, (line) => line.at, (line) => h('div', {}, h('span', {}, () => line.get().at), `  `, () => line.get().hex.padEnd(48), ' ', h('b', {}, () => line.get().text)));
  return body;
}

const FLAG_NAMES: Readonly<Record<number, string>> = { 0: '2005', 1: '2017', 2: '2025' };

/** `5 · wants an answer · 2017`: the bits of Flag in words. */
export function flagWords(flag: number | null): string {
  if (flag === null) return '—';
  const words = [flag & 1 ? t('flag.answer') : t('flag.noAnswer'), flag & 2 ? t('flag.split') : '', t('flag.version', { name: FLAG_NAMES[flag >> 2] ?? String(flag >> 2) })];
  return [String(flag), ...words.filter((word) => word !== '')].join(' · ');
}

function decoded(desk: Desk, detail: Resource<FrameDetail>, registry: Resource<Registry>): HTMLElement {
  const found = (): FrameDetail | null => detail.get().data;
  const text = (read: (row: FrameDetail) => string) => (): string => {
    const row = found();
    return row === null ? '' : read(row);
  };
  const device = (): RegistryDevice | undefined => registry.get().data?.devices.find((row) => row.mn === found()?.frame.mn);
  const cn = text(({ frame, kind }) => `${frame.cn || '—'} ${tMaybe(`cn.${frame.cn}`, '')} ${kind === 'other' ? '' : `· ${t(`frames.kind.${kind}`)}`}`);
  return h('div', { class: 'stack-flow' },
    facts([
      [() => t('frames.received'), when(desk, () => found()?.frame.received_ms ?? null)],
      [() => t('frames.mn'), h('span', {}, h('span', { class: 'mono' }, text(({ frame }) => frame.mn)), ' ', () => (device() ? `· ${device()?.sensor ?? ''}` : ''))],
      [() => t('frames.cn'), cn],
      [() => 'ST · QN', h('span', { class: 'mono' }, text(({ frame }) => `${frame.st || '—'} · ${frame.qn || '—'}`))],
      [() => 'Flag', text(({ flag }) => flagWords(flag))],
      [() => t('frames.packet'), text(({ pno, pnum }) => (pnum === null ? '—' : `${pno ?? '?'} / ${pnum}`))],
      [() => t('frames.peer'), text(({ frame }) => frame.peer)],
      [() => t('frames.size'), text((row) => t('frames.bytes', { n: count(row.bytes) }) + (row.body_no > 0 ? ` · ${t('frames.body', { n: row.body_no + 1 })}` : ''))],
      [() => t('frames.sha'), h('span', { class: 'mono small' }, text((row) => row.sha256 || '—'))],
    ]),
    doubts(found),
    h('h3', {}, () => t('frames.values')), valueTable(desk, found, device),
    h('h3', {}, () => t('frames.others')), otherFields(found, device));
}

function doubts(found: () => FrameDetail | null): HTMLElement {
  const words = (): string => {
    const frame = found()?.frame;
    if (!frame || (frame.reason === '' && frame.problems.length === 0)) return '';
    const reason = frame.reason === '' ? [] : [tMaybe(`kind.${frame.reason}`, frame.reason)];
    return [...reason, ...frame.problems].join('; ');
  };
  return h('p', { class: 'hint warn', hidden: () => words() === '' }, () => `${t('frames.problems')}: ${words()}`);
}

const code = (key: string): string => key.split('-')[0] ?? key;

interface ValueRow {
  readonly key: string;
  readonly value: FrameValue;
  readonly factor: Factor | undefined;
}

function rowsOf(found: () => FrameDetail | null, device: () => RegistryDevice | undefined): readonly ValueRow[] {
  return (found()?.values ?? []).map((row) => ({
    key: `${row.key} ${row.time_ms} ${row.version}`, value: row,
    factor: device()?.factors.find((factor) => factor.quantity === splitKey(row.key).quantity.split('@')[0]),
  }));
}

function valueTable(desk: Desk, found: () => FrameDetail | null, device: () => RegistryDevice | undefined): HTMLElement {
  const rows = (): readonly ValueRow[] => rowsOf(found, device);
  const body = h('tbody', {});
  each(body, rows, (row) => row.key, (item) => {
    const row = (): FrameValue => item.get().value;
    const quantity = (): string => splitKey(row().key).quantity;
    const name = (): string => quantityName(desk, quantity(), row().key);
    return h('tr', {},
      h('th', { scope: 'row' }, h('b', {}, name), ' ', h('small', { class: 'mono muted' }, () => item.get().factor?.code ?? ''), h('br', {}),
        h('small', { class: 'muted' }, when(desk, () => row().time_ms), () => (row().interval_ms > 0 ? ` · ${span(row().interval_ms)}` : ''))),
      h('td', { class: 'num' }, h('span', { class: 'mono' }, () => row().sent || '—'), ' ', h('small', { class: 'muted' }, () => unitLabel(item.get().factor?.unit ?? ''))),
      h('td', { class: 'num' }, h('b', {}, () => value(row().value, quantity())), h('br', {}),
        h('small', { class: 'muted mono' }, () => (row().value === null ? '' : `${Number((row().value ?? 0).toPrecision(6))} ${unitLabel(row().si_unit)}`))),
      h('td', {}, h('span', { class: 'chips' }, qualityChip(() => row().quality), originChip(() => row().origin)), h('br', {}),
        h('small', { class: 'muted' }, () => [markName(row().mark), ...checkNames(row().checks), row().version > 0 ? t('frames.nth', { n: row().version + 1 }) : ''].filter((word) => word !== '').join(' · '))));
  });
  return h('div', {},
    h('p', { class: 'empty', hidden: () => rows().length > 0 }, () => t('frames.values.none')),
    h('table', { class: 'plain-grid', hidden: () => rows().length === 0 },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, () => t('frames.factor')), h('th', { scope: 'col', class: 'num' }, () => t('frames.sent')),
        h('th', { scope: 'col', class: 'num' }, () => t('frames.value')), h('th', { scope: 'col' }, () => t('frames.marks')))),
      body));
}

function otherFields(found: () => FrameDetail | null, device: () => RegistryDevice | undefined): HTMLElement {
  const rows = (): readonly { key: string; text: string; at: number }[] => (found()?.frame.fields ?? []).map((field, at) => ({ ...field, at }));
  const body = h('tbody', {});
  each(body, rows, (row) => `${row.at} ${row.key}`, (item) => h('tr', {},
    h('th', { scope: 'row' }, h('span', { class: 'mono' }, () => item.get().key), ' ', h('small', { class: 'muted' }, () => {
      const factor = device()?.factors.find((row) => row.code === code(item.get().key));
      return factor ? say(factor.name) : '';
    })),
    h('td', { class: 'mono' }, () => item.get().text)));
  return h('table', { class: 'plain-grid' }, body);
}


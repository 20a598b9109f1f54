/** Targets to which untouched frames are sent on: how far each is, and pause or resume with a reason. */

import { language } from '../../i18n/language';
import { h } from '../../ui/dom';
import type { Desk } from '../context';
import { openDialog } from '../dialog';
import { field } from '../form';
import { t, tMaybe } from '../i18n';
import { actButton, chip, emptyWords, freshnessOf, panel, trouble, type Tone } from '../parts';
import { asFailure, resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Forwarding } from '../wire';
import { ago, count, moment, span } from '../words';

const EVERY_MS = 3_000;
const STATE_TONES: Readonly<Record<string, Tone>> = { idle: 'good', connecting: 'info', sending: 'good', waiting: 'info', paused: 'idle', down: 'bad' };

type Target = Forwarding['targets'][number];

function askWhy(desk: Desk, target: Target, changed: () => void): void {
  const verb = target.paused ? 'resume' : 'pause';
  const area = h('textarea', { rows: 2, maxlength: 500, autofocus: true });
  const go = async (close: () => void): Promise<void> => {
    const comment = area.value.trim();
    if (comment === '') {
      area.focus();
      return;
    }
    try {
      await desk.http.post(`/api/v1/forwarding/${encodeURIComponent(target.name)}/${verb}`, { comment });
      desk.say(() => t(target.paused ? 'forwarding.resumed' : 'forwarding.paused', { name: target.name }));
      close();
      changed();
    } catch (error) {
      const failure = asFailure(error);
      desk.say(() => failure.words(language()), 'bad');
    }
  };
  openDialog({
    title: () => t(`forwarding.${verb}.title`, { name: target.name }), tone: 'dialog-ask',
    make: (close) => ({
      body: [field(() => t('forwarding.why'), area)],
      buttons: [
        h('button', { type: 'button', class: 'text-button', onclick: close }, () => t('dialog.cancel')),
        h('button', { type: 'button', class: 'text-button act', onclick: () => void go(close) }, () => t(`forwarding.${verb}`)),
      ],
    }),
  });
}

function columns(desk: Desk, changed: () => void): readonly Column<Target>[] {
  const stateName = (row: Target): string => tMaybe(`forward.${row.paused ? 'paused' : row.state}`, row.state);
  const origins = (row: Target): string => row.origins.map((one) => tMaybe(`origin.${one}`, one)).join(', ');
  return [
    { id: 'name', title: () => t('forwarding.name'), width: 14, text: (row) => row.name },
    { id: 'address', title: () => t('forwarding.address'), width: 20, text: (row) => row.address },
    { id: 'state', title: () => t('forwarding.state'), width: 12, text: stateName, cell: (row) => chip(() => (row.get().paused ? 'idle' : (STATE_TONES[row.get().state] ?? 'idle')), () => stateName(row.get())) },
    { id: 'lag', title: () => t('forwarding.lag'), width: 11, numeric: true, text: (row) => `${count(row.lag_frames)} ${t('unit.frames')}`, sort: (row) => row.lag_frames },
    { id: 'lagTime', title: () => t('forwarding.lagTime'), width: 10, numeric: true, text: (row) => (row.lag_s === null ? '—' : span(row.lag_s * 1000)), sort: (row) => row.lag_s },
    { id: 'sent', title: () => t('forwarding.sent'), width: 9, numeric: true, text: (row) => count(row.sent), sort: (row) => row.sent },
    { id: 'answered', title: () => t('forwarding.answered'), width: 9, numeric: true, text: (row) => count(row.answered), sort: (row) => row.answered },
    { id: 'resent', title: () => t('forwarding.resent'), width: 8, numeric: true, text: (row) => count(row.resent), sort: (row) => row.resent },
    { id: 'skipped', title: () => t('forwarding.skipped'), width: 8, numeric: true, text: (row) => count(row.skipped), sort: (row) => row.skipped },
    { id: 'last', title: () => t('forwarding.last'), width: 11, numeric: true, text: (row) => ago(row.answered_ms, desk.now_ms.get()), sort: (row) => row.answered_ms, tip: (row) => (row.answered_ms === null ? '' : moment(row.answered_ms, desk.offset_h())) },
    { id: 'filter', title: () => t('forwarding.filter'), width: 26, text: (row) => `${origins(row)} · ${row.cns.join(' ')} · ${row.mns.join(' ')}` },
    { id: 'note', title: () => t('forwarding.note'), width: 20, text: (row) => row.note || '—' },
    {
      id: 'act', title: () => t('forwarding.act'), width: 9, text: () => '',
      cell: (row) => actButton(desk, () => t(row.get().paused ? 'forwarding.resume' : 'forwarding.pause'), () => askWhy(desk, row.peek(), changed), { role: 'engineer', className: 'small' }),
    },
  ];
}

export function forwarding(desk: Desk): HTMLElement {
  const found = resource((abort) => desk.http.get<Forwarding>('/api/v1/forwarding', abort), EVERY_MS);
  return screen(() => t('forwarding.title'), () => t('forwarding.about'), [
    panel(() => t('forwarding.targets'), [
      trouble(found),
      table<Target>({
        label: () => t('forwarding.targets'), columns: columns(desk, () => found.refresh()), rows: () => found.get().data?.targets ?? [], key: (row) => row.name,
        empty: emptyWords(found, () => t('forwarding.none')), tone: (row) => (row.state === 'down' && !row.paused ? 'is-bad' : row.paused ? 'is-warn' : ''),
      }),
    ], { className: 'grow', tools: freshnessOf(desk, found) }),
  ]);
}

/** By what it was computed, how good it is, and what to mind. */

import { language } from '../../i18n';
import { tw } from '../../i18n/water';
import { number } from '../../units';
import type { WaterNow } from '../../wire_water';
import type { Context } from '../context';
import { each, h } from '../dom';
import { noteWords } from '../notes';
import { pair } from '../panel';
import { nowOf } from './parts';
import { waterNote } from './note_words';

const REPORT = '/api/v1/water/report';

const metres = (value: number): string => `${number(value, 3, language())} m`;

export function learningWords(now: WaterNow): string {
  const found = now.learning;
  if (!found) return '—';
  const darcy = found.rmse_darcy_m === null ? '—' : metres(found.rmse_darcy_m);
  const errors = found.rmse_joined_m === null ? tw('notes.learning.alone', { darcy }) : tw('notes.learning.rmse', { darcy, joined: metres(found.rmse_joined_m) });
  const verdict = found.rmse_joined_m === null ? 'notes.learning.short' : found.kept ? 'notes.kept' : 'notes.dropped';
  return `${errors} · ${tw(verdict)}${found.held_out.length > 0 ? ` · ${tw('notes.heldout', { ids: found.held_out.join(', ') })}` : ''}`;
}

function assimilationWords(now: WaterNow): string {
  const found = now.assimilation;
  if (!found) return '—';
  const errors = tw('notes.assimilation.rmse', { before: metres(found.rmse_before_m), after: metres(found.rmse_after_m) });
  return `${errors} · ${tw('notes.spread', { v: found.spread_error === null ? '—' : number(found.spread_error, 2, language()) })}`;
}

export function waterNoteWords(note: string): string {
  return waterNote(note) ?? noteWords(note);
}

export function notes(ctx: Context): HTMLElement {
  const of = (make: (now: WaterNow) => string) => (): string => {
    const now = nowOf(ctx);
    return now ? make(now) : '';
  };
  const all = (): readonly string[] => [...new Set(nowOf(ctx)?.notes ?? [])];
  const list = h('ul', { class: 'notes' });
  each(list, all, (text) => text, (_item, text) => h('li', {}, () => waterNoteWords(text)));
  return h('div', { class: 'water-part' },
    h('h3', {}, () => tw('notes.report')),
    h('div', { class: 'button-row' },
      h('a', { class: 'text-button', href: `${REPORT}.docx`, download: '' }, () => tw('notes.word')),
      h('a', { class: 'text-button', href: `${REPORT}.pdf`, download: '' }, () => tw('notes.pdf'))),
    pair(() => tw('notes.solver'), of((now) => now.solver)),
    pair(() => tw('notes.members'), of((now) => String(now.members))),
    pair(() => tw('notes.inputs'), of((now) => tw('notes.inputs.n', { n: now.inputs.length }))),
    pair(() => tw('notes.grid'), of((now) => `${now.grid.nx} × ${now.grid.ny} × ${now.grid.layers} · ${number(now.grid.dx_m, 0, language())} m`)),
    pair(() => tw('notes.assimilation'), of(assimilationWords)),
    pair(() => tw('notes.learning'), of(learningWords)),
    h('h3', {}, () => tw('notes.validity')), h('p', { class: 'muted' }, () => tw('notes.unverified')), list);
}

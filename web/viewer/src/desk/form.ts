/** Fields with their labels. Each writes into a signal. */

import { effect, type Signal } from '../stores/signal';
import { h, type Child } from '../ui/dom';

export interface Choice {
  readonly value: string;
  readonly text: () => string;
}

export function field(label: () => string, control: Child, hint?: () => string): HTMLElement {
  return h('label', { class: 'field' }, h('span', {}, label), control, hint ? h('small', { class: 'field-hint', hidden: () => hint() === '' }, hint) : null);
}

export function choice(label: () => string, value: Signal<string>, choices: () => readonly Choice[], name: string | null = null): HTMLElement {
  const select = h('select', { name, onchange: (event: Event) => value.set((event.target as HTMLSelectElement).value) });
  follow(select, value, choices);
  return field(label, select);
}

function follow(select: HTMLSelectElement, value: Signal<string>, choices: () => readonly Choice[]): void {
  effect(() => {
    const rows = choices();
    const options = rows.map((row) => h('option', { value: row.value }, row.text));
    select.replaceChildren(...options);
    select.value = value.get();
  });
}

/** Text that counts once it is finished: Enter, or leaving the field. */
export function entry(label: () => string, value: Signal<string>, options: { type?: string; placeholder?: () => string; size?: number; hint?: () => string; live?: boolean } = {}): HTMLElement {
  const set = (event: Event): void => value.set((event.target as HTMLInputElement).value.trim());
  return field(label, h('input', {
    type: options.type ?? 'text', value: () => value.get(), size: options.size ?? null, placeholder: options.placeholder ?? null, spellcheck: 'false', autocomplete: 'off',
    [options.live ? 'oninput' : 'onchange']: set,
  }), options.hint);
}

/** Park time of a field `2026-11-22T08:30` as ms, or null. */
export function readLocal(text: string, offset_h: number): number | null {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/.test(text)) return null;
  const ms = Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`);
  return Number.isFinite(ms) ? ms - offset_h * 3_600_000 : null;
}

/** The text of such a field. */
export function writeLocal(ms: number, offset_h: number): string {
  return new Date(ms + offset_h * 3_600_000).toISOString().slice(0, 19);
}

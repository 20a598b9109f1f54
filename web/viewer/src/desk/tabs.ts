/** Views of one thing, one of them open; arrow keys move between them. */

import type { Signal } from '../stores/signal';
import { h, swap } from '../ui/dom';

export interface Tab {
  readonly id: string;
  readonly title: () => string;
  make(): HTMLElement;
}

export function tabs(label: () => string, open: Signal<string>, all: readonly Tab[]): readonly HTMLElement[] {
  const list = h('div', {
    class: 'tabs inner', role: 'tablist', 'aria-label': label,
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      const at = all.findIndex((tab) => tab.id === open.peek());
      const next = all[(at + (event.key === 'ArrowLeft' ? -1 : 1) + all.length) % all.length];
      if (next) open.set(next.id);
      queueMicrotask(() => list.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
    },
  }, ...all.map((tab) => h('button', {
    type: 'button', role: 'tab', 'aria-selected': () => String(open.get() === tab.id), tabindex: () => (open.get() === tab.id ? 0 : -1), onclick: () => open.set(tab.id),
  }, tab.title)));
  const body = h('div', { class: 'tab-content', role: 'tabpanel' });
  swap(body, () => open.get(), (id) => (all.find((tab) => tab.id === id) ?? all[0])?.make() ?? null);
  return [list, body];
}

/** A titled box, and the small marks that stand in many of them. */

import type { Origin } from '../contract';
import { t, type Key } from '../i18n';
import type { Level } from '../stores/readings';
import { h, type Child } from './dom';
import { levelName, levelShape, originName, resultOrigin, tone } from './words';

let count = 0;

export interface PanelOptions {
  /** Short text at the right of the title. */
  readonly aside?: () => string;
  readonly className?: string;
  readonly tools?: Child;
}

export function panel(title: Key, body: readonly Child[], options: PanelOptions = {}): HTMLElement {
  count += 1;
  const id = `panel-${count}`;
  const head = h('header', { class: 'panel-head' },
    h('h2', { id }, () => t(title)),
    options.aside ? h('span', { class: 'panel-aside' }, options.aside) : null,
    options.tools ?? null);
  return h('section', { class: `panel ${options.className ?? ''}`.trim(), 'aria-labelledby': id }, head,
    h('div', { class: 'panel-body' }, ...body));
}

/** Level as shape, word and colour. */
export function levelChip(level: () => Level): HTMLElement {
  return h('span', { class: () => `chip level tone-${tone(level())}` },
    h('i', { 'aria-hidden': 'true' }, () => levelShape(level())), () => levelName(level()));
}

export function originChip(origin: () => Origin, result = false): HTMLElement {
  return h('span', { class: () => `chip origin-${origin()}`, title: () => t('origin.tip') },
    () => (result ? resultOrigin(origin()) : originName(origin())));
}

/** `name  value` on one line. */
export function pair(name: () => string, value: Child, className = ''): HTMLElement {
  return h('div', { class: `pair ${className}`.trim() }, h('span', { class: 'pair-name' }, name), h('span', { class: 'pair-value' }, value));
}

export function empty(text: () => string, hidden: () => boolean = () => false): HTMLElement {
  return h('p', { class: 'empty', hidden }, text);
}

export function iconButton(icon: Node, label: () => string, onclick: () => void, pressed?: () => boolean): HTMLButtonElement {
  return h('button', {
    type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick,
    'aria-pressed': pressed ? () => (pressed() ? 'true' : 'false') : null,
  }, icon);
}

/** The frame of every screen: its name, one sentence on what it is for, its content. */

import { h, type Child } from '../ui/dom';

export function screen(title: () => string, about: () => string, body: readonly Child[], tools: Child = null): HTMLElement {
  return h('article', { class: 'screen' },
    h('header', { class: 'screen-head' }, h('h2', {}, title), h('p', {}, about), tools), ...body);
}

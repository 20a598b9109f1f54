/** Views to go back to: those of the scene, and the user's own. */

import { say, t } from '../i18n';
import { Bookmarks } from '../stores/bookmarks';
import type { Context } from './context';
import { each, h } from './dom';
import { icon } from './icons';
import { iconButton } from './panel';

export function bookmarkTool(ctx: Context): HTMLElement {
  const scene = ctx.stores.scene.peek()?.scene;
  const own = new Bookmarks(scene?.park_id ?? 'park', localStorage);
  const name: HTMLInputElement = h('input', { type: 'text', maxlength: 40, placeholder: () => t('book.name'), 'aria-label': () => t('book.name') });
  const fixed = h('ul', { class: 'rows' });
  each(fixed, () => scene?.bookmarks ?? [], (row) => row.id, (item) => h('li', {},
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.showBookmark(item.peek().id, item.peek().target, item.peek().position) }, () => say(item.get().name))));
  const mine = h('ul', { class: 'rows' });
  each(mine, () => own.all.get(), (row) => row.id, (item, id) => h('li', { class: 'split' },
    h('button', { type: 'button', class: 'link', onclick: () => ctx.actions.lookAt(item.peek().target, item.peek().position) }, () => item.get().name),
    iconButton(icon('trash'), () => t('book.delete', { name: item.get().name }), () => own.remove(id))));
  const add = (): void => {
    const camera = ctx.world.peek()?.camera();
    if (camera) own.add(name.value.trim() || t('book.default', { n: own.all.peek().length + 1 }), camera);
    name.value = '';
  };
  return h('div', { class: 'bookmark-tool' },
    h('h3', { hidden: () => (scene?.bookmarks.length ?? 0) === 0 }, () => t('book.scene')), fixed,
    h('h3', {}, () => t('book.own')), mine,
    h('p', { class: 'empty', hidden: () => own.all.get().length > 0 }, () => t('book.none')),
    h('form', { class: 'button-row', onsubmit: (event: Event) => {
      event.preventDefault();
      add();
    } }, name, h('button', { type: 'submit', class: 'text-button' }, () => t('book.add'))));
}

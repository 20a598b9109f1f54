/** The column of tools beside the 3D view, and the one box that is open. */

import { language, t, type Key } from '../i18n';
import { signal } from '../stores/signal';
import type { Tool } from '../stores/stores';
import { bookmarkTool } from './bookmarks';
import type { Context } from './context';
import { h, swap } from './dom';
import { icon, type IconName } from './icons';
import { layerTree } from './layers';
import { measureTool } from './measure';
import { iconButton } from './panel';
import { sectionTool } from './section';

type Named = Exclude<Tool, null>;

const TOOLS: readonly (readonly [Named, IconName])[] = [
  ['layers', 'layers'], ['section', 'section'], ['measure', 'measure'], ['bookmarks', 'bookmark'], ['help', 'help'],
];

const SHORTCUTS: readonly (readonly [string, Key])[] = [
  ['Space', 'help.space'], ['← →', 'help.arrows'], ['G', 'help.g'], ['H', 'help.h'], ['1–9', 'help.numbers'], ['N', 'help.n'],
  ['L', 'help.l'], ['X', 'help.x'], ['M', 'help.m'], ['B', 'help.b'], ['F', 'help.f'], ['W', 'help.w'], ['E', 'help.e'],
  ['Esc', 'help.esc'], ['?', 'help.question'],
];

function helpTool(): HTMLElement {
  return h('dl', { class: 'shortcuts' }, ...SHORTCUTS.map(([key, text]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, () => t(text)))));
}

const MAKE: Readonly<Record<Named, (ctx: Context) => HTMLElement>> = {
  layers: layerTree, section: sectionTool, measure: measureTool, bookmarks: bookmarkTool, help: helpTool,
};

export function toolbar(ctx: Context): HTMLElement {
  const said = signal('');
  const share = async (): Promise<void> => {
    if (await ctx.actions.share()) said.set('yes');
    setTimeout(() => said.set(''), 2000);
  };
  return h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': () => t('tool.bar'), 'aria-orientation': 'vertical' },
    iconButton(icon('home'), () => t('tool.home'), () => ctx.actions.home()),
    ...TOOLS.slice(0, 4).map(([id, name]) => toolButton(ctx, id, name)),
    iconButton(icon('camera'), () => t('tool.picture'), () => ctx.actions.picture()),
    iconButton(icon('link'), () => t(said.get() ? 'tool.shared' : 'tool.share'), () => void share()),
    ...TOOLS.slice(4).map(([id, name]) => toolButton(ctx, id, name)),
    h('a', { class: 'icon-button', href: () => `/desk?lang=${language()}`, title: () => t('tool.desk'), 'aria-label': () => t('tool.desk') }, icon('gauge')),
    h('span', { class: 'toolbar-said', role: 'status' }, () => (said.get() ? t('tool.shared') : '')));
}

function toolButton(ctx: Context, id: Named, name: IconName): HTMLElement {
  const { tool } = ctx.stores;
  return iconButton(icon(name), () => t(`tool.${id}`), () => tool.set(tool.peek() === id ? null : id), () => tool.get() === id);
}

const TITLES: Readonly<Record<Named, Key>> = {
  layers: 'layers.title', section: 'section.title', measure: 'measure.title', bookmarks: 'book.title', help: 'help.title',
};

export function toolBox(ctx: Context): HTMLElement {
  const { tool } = ctx.stores;
  const body = h('div', { class: 'toolbox-body' });
  swap(body, () => tool.get() ?? '', (id) => (id === '' ? null : MAKE[id as Named](ctx)));
  return h('div', { class: 'toolbox', hidden: () => tool.get() === null, role: 'region', 'aria-label': () => t(TITLES[tool.get() ?? 'help']) },
    h('header', {}, h('h2', {}, () => t(TITLES[tool.get() ?? 'help'])), iconButton(icon('close'), () => t('tool.close'), () => tool.set(null))),
    body);
}

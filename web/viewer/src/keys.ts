/** Keyboard shortcuts; none of them while somebody writes in a field. */

import type { Stores, Tool } from './stores/stores';
import type { Actions } from './ui/context';

type Press = (actions: Actions, stores: Stores) => void;

const toggle = (tool: Exclude<Tool, null>): Press => (_actions, stores) => stores.tool.update((open) => (open === tool ? null : tool));

function escape(actions: Actions, stores: Stores): void {
  if (stores.tool.peek() !== null) stores.tool.set(null);
  else actions.select(null);
}

const KEYS: Readonly<Record<string, Press>> = {
  ' ': (actions) => actions.togglePlay(),
  arrowleft: (actions) => actions.step(-1),
  arrowright: (actions) => actions.step(1),
  g: (actions) => actions.goLive(),
  h: (actions) => actions.home(),
  n: (actions) => actions.northUp(),
  l: toggle('layers'),
  x: toggle('section'),
  m: toggle('measure'),
  b: toggle('bookmarks'),
  '?': toggle('help'),
  f: (actions) => actions.fullscreen(),
  w: (actions, stores) => actions.setMode(stores.mode.peek() === 'wall' ? 'desk' : 'wall'),
  e: (actions, stores) => actions.setLanguage(stores.language.peek() === 'zh' ? 'en' : 'zh'),
  escape,
};

function bookmark(key: string, actions: Actions, stores: Stores): boolean {
  const row = /^[1-9]$/.test(key) ? stores.scene.peek()?.scene.bookmarks[Number(key) - 1] : undefined;
  if (row) actions.showBookmark(row.id, row.target, row.position);
  return row !== undefined;
}

function writing(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('select, input:not([type=checkbox])')) return key !== 'escape';
  return target.matches('button, a, [role=tab], [role=slider]') && (key === ' ' || key === 'enter' || key.startsWith('arrow'));
}

export function listenToKeys(actions: Actions, stores: Stores): void {
  document.addEventListener('keydown', (event) => {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target, key)) return;
    if (bookmark(key, actions, stores)) return;
    const press = KEYS[key];
    if (!press) return;
    event.preventDefault();
    press(actions, stores);
  });
}

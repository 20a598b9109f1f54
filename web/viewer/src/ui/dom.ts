/** Elements in one call; a function in place of a value makes it follow the stores. */

import { effect, freeScope, onStop, signal, untracked, type Signal } from '../stores/signal';

type Value = string | number | boolean | null | undefined;
type Attr = Value | (() => Value) | ((event: never) => void);
export type Child = Node | string | number | null | undefined | (() => string | number) | readonly Child[];

const SVG = 'http://www.w3.org/2000/svg';

/** Attributes that only set the first state; what is shown is the property. */
const PROPERTIES = new Set(['selected', 'checked', 'value']);

function setAttribute(node: Element, name: string, value: Value): void {
  if (PROPERTIES.has(name) && !(node instanceof SVGElement)) {
    Reflect.set(node, name, value);
    return;
  }
  if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

function apply(node: Element, name: string, value: Attr): void {
  if (name.startsWith('on') && typeof value === 'function') {
    node.addEventListener(name.slice(2), value as EventListener);
  } else if (typeof value === 'function') {
    const read = value as () => Value;
    effect(() => setAttribute(node, name, read()));
  } else {
    setAttribute(node, name, value);
  }
}

function append(node: Element, child: Child): void {
  if (child === null || child === undefined) return;
  if (typeof child === 'function') {
    const text = document.createTextNode('');
    effect(() => {
      const next = String(child());
      if (text.data !== next) text.data = next;
    });
    node.append(text);
  } else if (Array.isArray(child)) {
    for (const one of child as readonly Child[]) append(node, one);
  } else {
    node.append(child instanceof Node ? child : String(child as string | number));
  }
}

type Attrs = Readonly<Record<string, Attr>>;

function make<T extends Element>(node: T, attrs: Attrs, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attrs)) apply(node, name, value);
  for (const child of children) append(node, child);
  return node;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attrs: Attrs = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return make(document.createElement(tag), attrs, children);
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K, attrs: Attrs = {}, ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return make(document.createElementNS(SVG, tag) as SVGElementTagNameMap[K], attrs, children);
}

interface Row<T> {
  readonly node: Element;
  readonly item: Signal<T>;
  readonly stop: () => void;
}

/** Keeps one element for every item, by key, in the order of the items. */
export function each<T>(
  parent: Element, items: () => readonly T[], key: (item: T) => string, render: (item: Signal<T>, key: string) => Element,
): void {
  const rows = new Map<string, Row<T>>();
  effect(() => {
    const list = items();
    untracked(() => place(parent, rows, list, key, render));
  });
  onStop(() => {
    for (const row of rows.values()) row.stop();
  });
}

function place<T>(
  parent: Element, rows: Map<string, Row<T>>, list: readonly T[], key: (item: T) => string,
  render: (item: Signal<T>, key: string) => Element,
): void {
  const wanted = new Set(list.map(key));
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    row.stop();
    row.node.remove();
    rows.delete(id);
  }
  list.forEach((item, position) => {
    const id = key(item);
    const row = rows.get(id) ?? newRow(item, id, render);
    rows.set(id, row);
    row.item.set(item);
    if (parent.children[position] !== row.node) parent.insertBefore(row.node, parent.children[position] ?? null);
  });
}

function newRow<T>(item: T, id: string, render: (item: Signal<T>, key: string) => Element): Row<T> {
  const holder = signal(item);
  let node: Element | undefined;
  const stop = freeScope(() => {
    node = render(holder, id);
  });
  if (!node) throw new Error(`row ${id} drew nothing`);
  return { node, item: holder, stop };
}

/** Shows what `make` gives, anew whenever the signals that `when` reads give another key. */
export function swap(parent: Element, when: () => string, make: (key: string) => Node | null): void {
  const key = signal('');
  effect(() => key.set(when()));
  effect(() => {
    const present = key.get();
    const node = untracked(() => make(present));
    parent.replaceChildren(...(node ? [node] : []));
  });
}

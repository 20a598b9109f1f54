/** Small pieces that all screens share: panels, chips, figures, how fresh something is. */

import { language, say } from '../i18n/language';
import type { Readable } from '../stores/signal';
import { h, type Child } from '../ui/dom';
import { splitKey, substanceOf } from '../wire';
import type { Desk } from './context';
import { t, tMaybe, type Key } from './i18n';
import { freshness, type Freshness, type Resource } from './resource';
import { ago, clock, moment } from './words';

export interface PanelOptions {
  readonly className?: string;
  readonly aside?: Child;
  readonly tools?: Child;
}

let panels = 0;

export function panel(title: () => string, body: readonly Child[], options: PanelOptions = {}): HTMLElement {
  panels += 1;
  const id = `box-${panels}`;
  return h('section', { class: `panel ${options.className ?? ''}`.trim(), 'aria-labelledby': id },
    h('header', { class: 'panel-head' }, h('h2', { id }, title),
      options.aside === undefined ? null : h('span', { class: 'panel-aside' }, options.aside),
      options.tools === undefined ? null : h('span', { class: 'panel-tools' }, options.tools)),
    h('div', { class: 'panel-body' }, ...body));
}

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'info';

const SHAPES: Readonly<Record<Tone, string>> = { good: '●', warn: '▲', bad: '✕', idle: '○', info: '■' };

/** A state as shape, word and colour. */
export function chip(tone: () => Tone, text: () => string): HTMLElement {
  return h('span', { class: () => `chip tone-${tone()}` }, h('i', { 'aria-hidden': 'true' }, () => SHAPES[tone()]), text);
}

export function originChip(origin: () => string): HTMLElement {
  return h('span', { class: () => `chip origin-${origin()}`, title: () => t('origin.tip') }, () => tMaybe(`origin.${origin()}`, origin()));
}

export function qualityChip(quality: () => string): HTMLElement {
  const tones: Readonly<Record<string, Tone>> = { good: 'good', doubtful: 'warn', not_measuring: 'info', missing: 'idle' };
  return chip(() => tones[quality()] ?? 'idle', () => tMaybe(`quality.${quality()}`, quality()));
}

const FRESH_TONES: Readonly<Record<Freshness, Tone>> = { loading: 'idle', fresh: 'good', held: 'info', old: 'warn', failed: 'bad' };
const FRESH_WORDS: Readonly<Record<Freshness, Key>> = { loading: 'fresh.loading', fresh: 'fresh.fresh', held: 'fresh.held', old: 'fresh.old', failed: 'fresh.failed' };

/** How old what is shown is, whether something went wrong, and a button that asks again. */
export function freshnessOf(desk: Desk, source: Resource<unknown>): HTMLElement {
  const state = (): Freshness => freshness(source.get(), source.every_ms, local(desk), source.held());
  const words = (): string => {
    const { at_ms } = source.get();
    return at_ms === null ? t(FRESH_WORDS[state()]) : `${t(FRESH_WORDS[state()])} · ${ago(at_ms, local(desk))}`;
  };
  return h('span', { class: 'freshness', role: 'status' },
    chip(() => FRESH_TONES[state()], words),
    h('button', { type: 'button', class: 'text-button small', onclick: () => source.refresh(), 'aria-busy': () => String(source.get().busy) }, () => t('refresh')));
}

/** Our own clock, told once a second. */
function local(desk: Desk): number {
  return desk.now_ms.get() - desk.http.offset_ms;
}

/** The error of a source, in the language in use; nothing while all is well. */
export function trouble(source: Readable<{ readonly error: { words(language: 'zh' | 'en'): string } | null; readonly data: unknown }>): HTMLElement {
  return h('p', { class: 'trouble', role: 'alert', hidden: () => source.get().error === null },
    () => `${source.get().data === null ? t('failed.none') : t('failed.old')} ${source.get().error?.words(language()) ?? ''}`);
}

/** Words where rows would stand: loading, refused, or truly nothing. */
export function emptyWords(source: Readable<{ readonly error: unknown; readonly data: unknown }>, none: () => string): () => string {
  return () => {
    const { data, error } = source.get();
    if (data !== null) return none();
    return error === null ? t('fresh.loading') : t('fresh.failed');
  };
}

/** A figure with its unit and what it says. */
export function figure(name: () => string, value: () => string, options: { unit?: () => string; tone?: () => string; note?: () => string } = {}): HTMLElement {
  return h('div', { class: () => `figure ${options.tone ? `tone-text-${options.tone()}` : ''}` },
    h('span', { class: 'figure-name' }, name),
    h('span', { class: 'figure-value' }, h('b', {}, value), ' ', h('small', {}, () => options.unit?.() ?? '')),
    h('small', { class: 'figure-note', hidden: () => (options.note?.() ?? '') === '' }, () => options.note?.() ?? ''));
}

/** A moment as park time, its age beside it. */
export function when(desk: Desk, at_ms: () => number | null): HTMLElement {
  return h('span', { class: 'when', title: () => (at_ms() === null ? '' : moment(at_ms() ?? 0, desk.offset_h())) },
    () => {
      const at = at_ms();
      return at === null ? '—' : clock(at, desk.now_ms.get(), desk.offset_h());
    }, ' ', h('small', {}, () => (at_ms() === null ? '' : ago(at_ms(), desk.now_ms.get()))));
}

export function facts(rows: readonly (readonly [() => string, Child])[]): HTMLElement {
  return h('dl', { class: 'facts' }, ...rows.map(([name, value]) => h('div', { class: 'fact' }, h('dt', {}, name), h('dd', {}, value))));
}

/** Button that asks for the token first. */
export function actButton(desk: Desk, text: () => string, act: () => void, options: { role: 'reviewer' | 'operator' | 'engineer'; disabled?: () => boolean; className?: string }): HTMLButtonElement {
  return h('button', {
    type: 'button', class: `text-button ${options.className ?? ''}`.trim(), disabled: () => options.disabled?.() ?? false,
    title: () => t('role.needed', { role: tMaybe(`role.${options.role}`, options.role) }),
    onclick: () => {
      if (desk.may(options.role)) act();
    },
  }, text);
}

/** `B07 · HF 浓度`: where and what a series is. */
export function seriesName(desk: Desk, key: string): string {
  const { sensor, quantity } = splitKey(key);
  return `${sensor} · ${quantityName(desk, quantity, key)}`;
}

export function quantityName(desk: Desk, quantity: string, key = ''): string {
  const [what = quantity, statistic] = quantity.split('@');
  if (statistic !== undefined) return `${quantityName(desk, what, key)} · ${tMaybe(`statistic.${statistic}`, statistic)}`;
  const row = desk.names.get().series.get(key);
  const substance = substanceOf(quantity);
  if (substance !== null) {
    const name = desk.names.get().formulas.get(substance) ?? substance.toUpperCase();
    return t(quantity.startsWith('conc:') ? 'qty.conc' : 'qty.water', { name });
  }
  return tMaybe(`qty.${quantity}`, say(row?.name) || quantity);
}

export function placeName(desk: Desk, id: string): string {
  return say(desk.names.get().places.get(id)) || id;
}

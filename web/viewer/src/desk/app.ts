/** The shell of the desk: bar, list of screens, the screen that is open, messages, keys. */

import { language, say, setLanguage } from '../i18n/language';
import { DeskHttp } from '../sources/desk';
import { effect, signal, untracked } from '../stores/signal';
import { h, swap, each } from '../ui/dom';
import { icon } from '../ui/icons';
import { clockTime, longDate, zoneName } from '../units';
import type { ParkInfo } from '../wire';
import { readRoute, sameRoute, writeRoute, type Route } from './address';
import type { Desk, Names } from './context';
import { openDialog } from './dialog';
import { t } from './i18n';
import { askToken } from './login';
import { NO_NAMES, readNames } from './names';
import { chip, type Tone } from './parts';
import { resource, type Resource } from './resource';
import { GROUPS, SCREENS } from './screens';
import { ROLES, Session, type Role } from './session';
import { age } from './words';

interface Health {
  readonly ok: boolean;
  readonly now_ms: number;
  readonly parts: readonly { readonly name: string; readonly ok: boolean; readonly age_s: number | null }[];
}

interface Said {
  readonly key: string;
  readonly text: () => string;
  readonly tone: 'good' | 'bad';
}

const SAID_MS = 6_000;
const IDS = SCREENS.map((screen) => screen.id);

export class DeskApp implements Desk {
  readonly session = new Session(sessionStorage);
  readonly http = new DeskHttp(() => this.session.token());
  readonly now_ms = signal(Date.now());
  readonly park = signal<ParkInfo | null>(null);
  readonly names = signal<Names>(NO_NAMES);
  readonly route = signal<Route>(readRoute(location.hash, IDS), sameRoute);
  private readonly said = signal<readonly Said[]>([]);
  private readonly asking = signal(false);
  private count = 0;

  constructor(private readonly root: HTMLElement) {}

  start(): void {
    setLanguage(new URLSearchParams(location.search).get('lang') === 'en' ? 'en' : 'zh');
    setInterval(() => this.now_ms.set(Date.now() + this.http.offset_ms), 1000);
    addEventListener('hashchange', () => this.route.set(readRoute(location.hash, IDS)));
    effect(() => {
      document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
      const open = SCREENS.find((screen) => screen.id === this.route.get().screen);
      document.title = `${open ? t(open.title) : ''} · ${t('app.title')} · Park Twin`;
    });
    effect(() => {
      const text = writeRoute(this.route.get());
      if (location.hash !== text) history.replaceState(null, '', text);
    });
    this.root.replaceChildren(...this.layout());
    addEventListener('keydown', (event) => this.key(event));
    void this.loadPark();
  }

  offset_h(): number {
    return this.park.get()?.utc_offset_h ?? 8;
  }

  param(name: string): string {
    return this.route.get().query[name] ?? '';
  }

  setParams(params: Readonly<Record<string, string>>): void {
    this.route.update(({ screen, query }) => ({ screen, query: { ...query, ...params } }));
  }

  go(screen: string, query: Readonly<Record<string, string>> = {}): void {
    location.hash = writeRoute({ screen, query });
  }

  may(role: Role): boolean {
    const operator = this.session.operator.peek();
    if (!operator) {
      this.askToken();
      return false;
    }
    if (allows(operator.role, role)) return true;
    this.say(() => t('role.lacking', { name: operator.name, role: t(`role.${operator.role}`), needed: t(`role.${role}`) }), 'bad');
    return false;
  }

  askToken(): void {
    if (this.asking.peek()) return;
    this.asking.set(true);
    askToken(this, () => this.asking.set(false));
  }

  say(text: () => string, tone: 'good' | 'bad' = 'good'): void {
    this.count += 1;
    const said = { key: String(this.count), text, tone };
    this.said.update((list) => [...list.slice(-3), said]);
    setTimeout(() => this.said.update((list) => list.filter((one) => one !== said)), SAID_MS);
  }

  private async loadPark(): Promise<void> {
    try {
      const park = await this.http.get<ParkInfo>('/api/v1/park');
      this.park.set(park);
      if (park.language === 'en' && !location.search.includes('lang=')) setLanguage('en');
      this.names.set(readNames(await this.http.get<unknown>(park.scene_url)));
    } catch {
      setTimeout(() => void this.loadPark(), SAID_MS);
    }
  }

  private layout(): readonly HTMLElement[] {
    const main = h('main', { id: 'screen', tabindex: -1 });
    swap(main, () => this.route.get().screen, (id) => SCREENS.find((screen) => screen.id === id)?.make(this) ?? null);
    const messages = h('div', { class: 'said', role: 'status', 'aria-live': 'polite' });
    each(messages, () => this.said.get(), (one) => one.key, (item) => h('p', { class: () => `message said-${item.get().tone}` }, () => item.get().text()));
    return [h('div', { class: 'desk-page' },
      h('a', { class: 'skip', href: '#screen', onclick: (event: Event) => {
        event.preventDefault();
        main.focus();
      } }, () => t('app.skip')), this.bar(), this.nav(), main, messages)];
  }

  private bar(): HTMLElement {
    const health = resource((abort) => this.http.get<Health>('/health', abort, [503]), 5_000);
    const title = (): string => `${say(this.park.get()?.name)} · ${t('app.title')}`.replace(/^ · /, '');
    return h('header', { class: 'desk-bar' },
      h('h1', { title }, title),
      h('span', { class: 'badge origin-badge origin-simulated', role: 'status', hidden: () => this.park.get()?.has_simulated !== true }, () => t('app.simulated')),
      this.healthChip(health),
      h('span', { class: 'spacer' }),
      h('span', { class: 'desk-clock' }, h('b', {}, () => clockTime(this.now_ms.get(), this.offset_h())), ' ',
        h('small', {}, () => `${longDate(this.now_ms.get(), this.offset_h(), language())} ${zoneName(this.offset_h())}`)),
      this.who(),
      h('button', { type: 'button', class: 'text-button', lang: () => (language() === 'zh' ? 'en' : 'zh-CN'), onclick: () => this.switchLanguage() }, () => t('app.language')),
      h('button', { type: 'button', class: 'icon-button', title: () => t('app.keys'), 'aria-label': () => t('app.keys'), onclick: () => this.help() }, icon('help')),
      h('a', { class: 'text-button', href: () => `/?lang=${language()}`, title: () => t('app.viewer.tip') }, () => t('app.viewer')));
  }

  private healthChip(health: Resource<Health>): HTMLElement {
    const beat = (): Health['parts'][number] | undefined => health.get().data?.parts.find((part) => part.name === 'ingest');
    const tone = (): Tone => {
      const part = beat();
      if (!part || health.get().error) return 'idle';
      return part.ok ? 'good' : 'bad';
    };
    const words = (): string => {
      const name = t(({ good: 'health.well', bad: 'health.ill', idle: 'health.unknown' } as const)[tone() as 'good' | 'bad' | 'idle']);
      const { at_ms } = health.get();
      const age_s = beat()?.age_s ?? null;
      if (age_s === null || at_ms === null) return name;
      const beat_ms = age_s * 1000 + Math.max(0, this.now_ms.get() - this.http.offset_ms - at_ms);
      return `${name} · ${t('health.beat', { age: t('age.ago', { age: age(beat_ms) }) })}`;
    };
    return chip(tone, words);
  }

  private who(): HTMLElement {
    const { operator } = this.session;
    return h('span', { class: 'who-is' },
      h('span', { hidden: () => operator.get() === null, title: () => t('session.who') },
        h('b', {}, () => operator.get()?.name ?? ''), ' ', h('small', {}, () => t(`role.${operator.get()?.role ?? 'viewer'}`))),
      h('button', {
        type: 'button', class: 'text-button',
        onclick: () => {
          if (operator.peek() === null) this.askToken();
          else {
            this.session.leave();
            this.say(() => t('session.gone'));
          }
        },
      }, () => t(operator.get() === null ? 'session.in' : 'session.out')));
  }

  private nav(): HTMLElement {
    const open = (id: string): boolean => this.route.get().screen === id;
    return h('nav', { class: 'desk-nav', 'aria-label': () => t('nav.label') }, ...GROUPS.map((group) => h('div', {},
      h('h2', {}, () => t(`nav.${group}`)),
      h('ul', {}, ...SCREENS.filter((screen) => screen.group === group).map((screen) => h('li', {},
        h('a', { href: `#${screen.id}`, 'aria-current': () => (open(screen.id) ? 'page' : null), 'data-screen': screen.id },
          () => t(screen.title))))))));
  }

  private switchLanguage(): void {
    setLanguage(language() === 'zh' ? 'en' : 'zh');
    const query = new URLSearchParams(location.search);
    query.set('lang', untracked(language));
    history.replaceState(null, '', `?${query.toString()}${location.hash}`);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.matches('input, select, textarea')) return;
    const act = this.keys()[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private keys(): Readonly<Record<string, () => void>> {
    const numbers = SCREENS.slice(0, 10).map((screen, i) => [String((i + 1) % 10), () => this.go(screen.id)] as const);
    return {
      ...Object.fromEntries(numbers),
      '/': () => this.root.querySelector<HTMLElement>('main .filter')?.focus(),
      r: () => this.root.querySelectorAll<HTMLElement>('main .freshness button').forEach((button) => button.click()),
      e: () => this.switchLanguage(),
      v: () => location.assign(`/?lang=${language()}`),
      '?': () => this.help(),
    };
  }

  private help(): void {
    const rows = [
      ['1 – 9, 0', 'keys.screens'], ['/', 'keys.filter'], ['R', 'keys.refresh'], ['↑ ↓ PgUp PgDn Home End', 'keys.rows'], ['Enter', 'keys.open'],
      ['E', 'keys.language'], ['V', 'keys.viewer'], ['Esc', 'keys.esc'], ['?', 'keys.help'],
    ] as const;
    openDialog({
      title: () => t('keys.title'),
      make: (close) => ({
        body: [h('dl', { class: 'shortcuts' }, ...rows.map(([key, text]) => h('div', {}, h('dt', {}, h('kbd', {}, key)), h('dd', {}, () => t(text)))))],
        buttons: [h('button', { type: 'button', class: 'text-button', onclick: close }, () => t('dialog.close'))],
      }),
    });
  }
}

/** viewer < reviewer, operator < engineer: reviewer and operator stand side by side. */
export function allows(has: Role, needed: Role): boolean {
  if (has === 'engineer' || has === needed) return true;
  return needed === 'viewer' && ROLES.includes(has);
}

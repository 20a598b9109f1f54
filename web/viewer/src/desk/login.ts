/** The dialog that asks for the operator's token and has the server say whose it is. */

import { language } from '../i18n/language';
import { signal } from '../stores/signal';
import { h } from '../ui/dom';
import type { Desk } from './context';
import { openDialog } from './dialog';
import { field } from './form';
import { t } from './i18n';
import { asFailure } from './resource';
import { ROLES, type Role } from './session';

interface Whoami {
  readonly name: string;
  readonly role: Role;
}

async function whose(token: string): Promise<Whoami> {
  const http = new DeskHttp(() => token);
  return http.post<Whoami>('/api/v1/desk/whoami', {});
}

import { DeskHttp } from '../sources/desk';

export function askToken(desk: Desk, closed: () => void): void {
  const wrong = signal<(() => string) | null>(null);
  const busy = signal(false);
  const input = h('input', { type: 'password', autocomplete: 'off', name: 'park-twin-token', autofocus: true, size: 44, 'aria-describedby': 'token-hint' });
  const enter = async (close: () => void): Promise<void> => {
    const token = input.value.trim();
    if (token === '' || busy.peek()) return;
    busy.set(true);
    try {
      const who = await whose(token);
      if (!ROLES.includes(who.role)) throw new Error(who.role);
      desk.session.enter({ token, name: who.name, role: who.role });
      desk.say(() => t('session.welcome', { name: who.name, role: t(`role.${who.role}`) }));
      close();
    } catch (error) {
      const failure = asFailure(error);
      wrong.set(() => t('session.bad', { why: failure.words(language()) }));
    } finally {
      busy.set(false);
    }
  };
  openDialog({
    title: () => t('session.title'), closed,
    make: (close) => {
      input.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') void enter(close);
      });
      return {
        body: [
          field(() => t('session.token'), input),
          h('p', { class: 'muted', id: 'token-hint' }, () => t('session.hint')),
          h('p', { class: 'trouble', role: 'alert', hidden: () => wrong.get() === null }, () => wrong.get()?.() ?? ''),
        ],
        buttons: [
          h('button', { type: 'button', class: 'text-button', onclick: close }, () => t('dialog.cancel')),
          h('button', { type: 'button', class: 'text-button act', disabled: () => busy.get(), onclick: () => void enter(close) },
            () => t(busy.get() ? 'session.checking' : 'session.in')),
        ],
      };
    },
  });
}

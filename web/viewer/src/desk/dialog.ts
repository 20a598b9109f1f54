/** Dialogs over the page: the browser's own element keeps the focus inside and gives it back. */

import { freeScope } from '../stores/signal';
import { h, type Child } from '../ui/dom';
import { t } from './i18n';

export interface DialogParts {
  readonly title: () => string;
  readonly tone?: string;
  /** Content and, below it, the buttons; `close` ends the dialog. */
  readonly make: (close: () => void) => { readonly body: readonly Child[]; readonly buttons: readonly Child[] };
  readonly closed?: () => void;
}

export function openDialog(parts: DialogParts): void {
  const element = h('dialog', { class: `dialog ${parts.tone ?? ''}`.trim() });
  const close = (): void => element.close();
  const stop = freeScope(() => {
    const { body, buttons } = parts.make(close);
    element.append(
      h('header', {}, h('h2', {}, parts.title)), h('div', { class: 'dialog-body' }, ...body), h('footer', {}, ...buttons));
  });
  element.addEventListener('close', () => {
    stop();
    element.remove();
    parts.closed?.();
  });
  document.body.append(element);
  element.showModal();
}

/** Asks before something is done; answers false when it is closed in any other way. */
export function confirmed(title: () => string, body: readonly Child[], act: () => string): Promise<boolean> {
  return new Promise((resolve) => {
    let said = false;
    openDialog({
      title, tone: 'dialog-ask', closed: () => resolve(said),
      make: (close) => ({
        body,
        buttons: [
          h('button', { type: 'button', class: 'text-button', onclick: close }, () => t('dialog.cancel')),
          h('button', {
            type: 'button', class: 'text-button act',
            onclick: () => {
              said = true;
              close();
            },
          }, act),
        ],
      }),
    });
  });
}

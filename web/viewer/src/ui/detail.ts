/** The card of what was clicked. */

import type { Pick } from '../contract';
import { t } from '../i18n';
import { computed, type Readable } from '../stores/signal';
import { beamModel } from './airbeam';
import type { Context } from './context';
import { detailTitle, facts, type Fact } from './details';
import { each, h } from './dom';
import { icon } from './icons';
import { iconButton, originChip } from './panel';
import { nameOf } from './words';

function factRow(item: { get(): Fact }): HTMLElement {
  const live = (): Fact['live'] => item.get().live;
  return h('div', { class: () => `fact${live() ? ' fact-live' : ''}${live()?.stale ? ' is-stale' : ''}` },
    h('dt', {}, () => item.get().name),
    h('dd', {}, h('b', {}, () => item.get().value),
      h('span', { class: 'fact-marks', hidden: () => live() === undefined },
        h('small', { class: () => (live()?.good === false ? 'warn-text' : 'muted') }, () => `${live()?.age ?? ''} · ${live()?.quality ?? ''}`),
        originChip(() => live()?.origin ?? 'measured'))));
}

export function detailCard(ctx: Context, picked: Readable<Pick | null>): HTMLElement {
  const { stores, actions } = ctx;
  const place = computed(() => {
    const pick = picked.get();
    const chosen = stores.selected.get();
    return pick && chosen && pick.id === chosen.id && pick.kind === chosen.kind ? pick.at : null;
  });
  const rows = (): readonly Fact[] => {
    const chosen = stores.selected.get();
    return chosen ? facts(ctx, chosen.kind, chosen.id, place.get()) : [];
  };
  const list = (wanted: (row: Fact) => boolean): HTMLElement => {
    const own = (): readonly Fact[] => rows().filter(wanted);
    const box = h('dl', { class: 'facts', hidden: () => own().length === 0 });
    each(box, own, (row) => row.name, (item) => factRow(item));
    return box;
  };
  const subtitle = (): string => {
    const chosen = stores.selected.get();
    if (!chosen) return '';
    const kind = t(`detail.kind.${chosen.kind}`);
    const name = nameOf(stores.scene.get(), chosen.id);
    return name === chosen.id || chosen.kind === 'terrain' || chosen.kind === 'section' || detailTitle(stores.scene.get(), chosen.kind, chosen.id) === name ? kind : `${kind} · ${name}`;
  };
  return h('aside', { class: 'detail', hidden: () => stores.selected.get() === null, 'aria-label': subtitle },
    h('header', {},
      h('div', {}, h('h2', {}, () => {
        const chosen = stores.selected.get();
        return chosen ? detailTitle(stores.scene.get(), chosen.kind, chosen.id) : '';
      }), h('small', { class: 'muted' }, subtitle)),
      h('button', {
        type: 'button', class: 'text-button', onclick: () => {
          const chosen = stores.selected.peek();
          if (chosen) actions.flyTo(chosen.kind, chosen.id);
        },
      }, () => t('detail.flyto')),
      iconButton(icon('close'), () => t('detail.close'), () => actions.select(null))),
    list((row) => row.live !== undefined),
    beamModel(ctx),
    list((row) => row.live === undefined),
    h('p', { class: 'empty', hidden: () => rows().length > 0 }, () => t('detail.gone')));
}

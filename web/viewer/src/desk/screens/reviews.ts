/** The review queue: what is doubted, the clock, the curve around it, and the decision. */

import { say } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { computed, effect, signal, untracked } from '../../stores/signal';
import { h } from '../../ui/dom';
import { splitKey } from '../../wire';
import type { Desk } from '../context';
import { choice, type Choice } from '../form';
import { t } from '../i18n';
import { chip, emptyWords, figure, freshnessOf, originChip, panel, seriesName, trouble } from '../parts';
import { resource } from '../resource';
import { screen } from '../screen';
import { table, type Column } from '../table';
import type { Review, Reviews } from '../wire';
import { ago, count, moment, value } from '../words';
import { reviewDetail } from './review_detail';
import { clockTone, clockWords, ruleName } from './review_words';

const EVERY_MS = 4_000;
const STATES = ['open', 'overdue', 'decided', 'all'] as const;
const RULES = [
  'RATE', 'FIXED_VALUE', 'CORRELATION', 'DUAL_SENSOR', 'DUPLICATE', 'OUT_OF_RANGE', 'NOT_A_NUMBER', 'UNKNOWN_MARK', 'UNIT_DOUBTED', 'TIME_OUT_OF_WINDOW', 'LINKAGE',
] as const;

const keyName = (desk: Desk, review: Review): string => (review.rule === 'LINKAGE' ? (splitKey(review.key).quantity || review.key) : seriesName(desk, review.key));

function columns(desk: Desk): readonly Column<Review>[] {
  return [
    { id: 'id', title: () => '№', width: 6, numeric: true, text: (row) => count(row.id), sort: (row) => row.id },
    {
      id: 'clock', title: () => t('reviews.clock'), width: 15, text: (row) => clockWords(row, desk.now_ms.get()), sort: (row) => (row.state === 'decided' ? null : row.due_ms),
      cell: (row) => chip(() => clockTone(row.get(), desk.now_ms.get()), () => clockWords(row.get(), desk.now_ms.get())),
    },
    { id: 'series', title: () => t('reviews.series'), width: 26, text: (row) => keyName(desk, row), tip: (row) => row.key },
    { id: 'rule', title: () => t('reviews.rule'), width: 15, text: (row) => ruleName(row.rule), tip: (row) => say(row.text) },
    {
      id: 'worst', title: () => t('reviews.worst'), width: 14, numeric: true, text: (row) => (row.worst === null ? '—' : value(row.worst, splitKey(row.key).quantity)), sort: (row) => row.worst,
    },
    { id: 'values', title: () => t('reviews.values'), width: 8, numeric: true, text: (row) => count(row.values), sort: (row) => row.values },
    { id: 'opened', title: () => t('reviews.opened'), width: 12, text: (row) => ago(row.opened_ms, desk.now_ms.get()), sort: (row) => row.opened_ms, tip: (row) => moment(row.opened_ms, desk.offset_h()) },
    { id: 'origin', title: () => t('origin.head'), width: 11, text: (row) => row.origin, cell: (row) => originChip(() => row.get().origin) },
  ];
}

export function reviews(desk: Desk): HTMLElement {
  const state = signal(untracked(() => desk.param('state')) || 'open');
  const rule = signal(untracked(() => desk.param('rule')));
  effect(() => {
    const params = { state: state.get() === 'open' ? '' : state.get(), rule: rule.get() };
    untracked(() => desk.setParams(params));
  });
  const queue = resource((abort) => desk.http.get<Reviews>(withQuery('/api/v1/reviews', { state: state.get(), rule: rule.get() || null, limit: 200 }), abort), EVERY_MS);
  const found = (): Reviews | null => queue.get().data;
  const chosen = computed((): Review | undefined => found()?.reviews.find((row) => String(row.id) === desk.param('id')));
  const states = (): readonly Choice[] => STATES.map((one) => ({ value: one, text: () => t(`reviews.state.${one}`) }));
  const rules = (): readonly Choice[] => [{ value: '', text: () => t('reviews.rule.all') }, ...RULES.map((one) => ({ value: one, text: () => ruleName(one) }))];
  const number = (read: (row: Reviews) => number) => (): string => (found() === null ? '—' : count(read(found() as Reviews)));
  return screen(() => t('reviews.title'), () => t('reviews.about'), [
    h('div', { class: () => `split-2 ${desk.param('id') === '' ? 'closed' : 'even'}` },
      h('div', { class: 'stack' },
        h('div', { class: 'figures fit' },
          figure(() => t('reviews.open'), number((row) => row.open), { unit: () => t('reviews.unit'), note: () => freshNote(desk, queue.get().at_ms) }),
          figure(() => t('reviews.overdue'), number((row) => row.overdue), { unit: () => t('reviews.unit'), tone: () => ((found()?.overdue ?? 0) > 0 ? 'bad' : ''), note: () => freshNote(desk, queue.get().at_ms) })),
        panel(() => t('reviews.queue'), [
          trouble(queue),
          table<Review>({
            label: () => t('reviews.queue'), columns: columns(desk), rows: () => found()?.reviews ?? [], key: (row) => String(row.id), filter: true,
            empty: emptyWords(queue, () => t('reviews.none')), chosen: () => desk.param('id'), open: (row) => desk.setParams({ id: String(row.id) }),
            tone: (row) => (row.state === 'open' && row.overdue ? 'is-bad' : ''),
            tools: [choice(() => t('reviews.state'), state, states), choice(() => t('reviews.rule'), rule, rules)],
          }),
        ], { tools: freshnessOf(desk, queue) })),
      reviewDetail(desk, () => chosen.get() ?? null, () => queue.refresh())),
  ]);
}

function freshNote(desk: Desk, at_ms: number | null): string {
  return at_ms === null ? '' : ago(at_ms, desk.now_ms.get() - desk.http.offset_ms);
}

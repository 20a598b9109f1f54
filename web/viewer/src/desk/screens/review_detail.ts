/** One review: its curve, its history, the versions of its values, and the buttons that decide it. */

import { language, say } from '../../i18n/language';
import { withQuery } from '../../sources/http';
import { computed, signal } from '../../stores/signal';
import { each, h, swap } from '../../ui/dom';
import { icon } from '../../ui/icons';
import { clockTime, displayUnit, fromSi, unitLabel } from '../../units';
import { splitKey, type Series } from '../../wire';
import type { Desk } from '../context';
import { confirmed } from '../dialog';
import { distinct } from '../distinct';
import { entry, field } from '../form';
import { t, tMaybe } from '../i18n';
import { actButton, chip, facts, freshnessOf, originChip, panel, qualityChip, seriesName, trouble, when } from '../parts';
import { plot, type PlotPoint } from '../plot';
import { asFailure, resource, type Resource } from '../resource';
import type { Review, ReviewDetail } from '../wire';
import { checkNames, clock, count, markName, moment, span, value } from '../words';
import { clockTone, clockWords, ruleName } from './review_words';

const EVERY_MS = 4_000;

interface Version {
  readonly version: number;
  readonly value: number | null;
  readonly quality: string;
  readonly mark: string;
  readonly checks: number;
  readonly sent: string;
  readonly received_ms: number;
  readonly actor: string;
  readonly made_ms: number | null;
  readonly reason: string;
}

const quantityOf = (review: Review): string => splitKey(review.key).quantity;
const hasCurve = (review: Review): boolean => review.rule !== 'LINKAGE';

/** Value in the unit that people read; SI where the quantity is unknown. */
function shownValue(si: number, quantity: string): number {
  const unit = displayUnit(quantity);
  return unit === '' ? si : fromSi(si, unit);
}

function unitOf(review: Review): string {
  return unitLabel(displayUnit(quantityOf(review)) || review.si_unit);
}

/** Points of a curve: those doubted inside the span of the review get a hollow dot. */
export function reviewPoints(series: Series, review: Review): readonly PlotPoint[] {
  const quantity = quantityOf(review);
  return series.t.map((at, i) => {
    const si = series.v[i] ?? null;
    const inside = at >= review.first_ms && at <= review.last_ms;
    const doubtful = series.q[i] === 'doubtful';
    return { t: at, v: si === null ? null : shownValue(si, quantity), mark: inside ? (doubtful ? 'is-doubtful' : 'is-inside') : doubtful ? 'is-doubtful' : '' };
  });
}

function curve(desk: Desk, review: () => Review | null): HTMLElement {
  const key = distinct(() => {
    const row = review();
    return row && hasCurve(row) ? withQuery('/api/v1/series', { key: row.key, from: row.window.from_ms, to: row.window.to_ms, step: 'raw' }) : '';
  });
  const series = resource((abort) => (key.get() === '' ? null : desk.http.get<Series>(key.get(), abort)), 0);
  const picture = h('div', {});
  swap(picture, () => `${key.get()} ${series.get().at_ms ?? ''} ${language()}`, () => {
    const [row, found] = [review(), series.peek().data];
    if (!row || !found || found.key !== row.key) return null;
    return plot({
      from: row.window.from_ms, to: row.window.to_ms, points: reviewPoints(found, row), band: { from: row.first_ms, to: row.last_ms },
      label: `${t('reviews.curve')}: ${seriesName(desk, row.key)}`, format: (number) => String(Number(number.toPrecision(4))),
      time: (ms) => clockTime(ms, desk.offset_h(), false),
    }, desk.offset_h());
  });
  return h('div', { class: 'stack-flow' }, trouble(series), picture,
    h('p', { class: 'caption muted' }, () => {
      const row = review();
      return row && hasCurve(row) ? t('reviews.curve.key', { unit: unitOf(row) }) : t('reviews.curve.none');
    }));
}

interface Order {
  readonly verdict: 'confirm' | 'reject' | 'correct' | 'comment';
  readonly comment: string;
  readonly value?: number;
  readonly unit?: string;
  readonly method?: string;
}

async function decide(desk: Desk, review: Review, order: Order, done: () => void): Promise<void> {
  if (order.verdict !== 'comment' && !(await sure(review, order))) return;
  try {
    const result = await desk.http.post<{ versions: number }>(`/api/v1/reviews/${review.id}/decide`, order);
    desk.say(() => (order.verdict === 'comment' ? t('reviews.noted') : t('reviews.done', { id: review.id, n: count(result.versions) })));
    done();
  } catch (error) {
    const failure = asFailure(error);
    desk.say(() => failure.words(language()), 'bad');
  }
}

function sure(review: Review, order: Order): Promise<boolean> {
  const words = (): string => {
    const n = count(review.values);
    if (order.verdict === 'correct') return t('reviews.sure.correct', { n, value: `${order.value ?? ''} ${unitOf(review)}` });
    return t(order.verdict === 'confirm' ? 'reviews.sure.confirm' : 'reviews.sure.reject', { n });
  };
  return confirmed(words, [
    h('p', {}, () => t('reviews.sure.text')),
    facts([[() => t('reviews.series'), review.key], [() => t('reviews.comment'), order.comment], ...(order.method ? [[() => t('reviews.method'), order.method] as const] : [])]),
  ], () => tMaybe(`reviews.${order.verdict}`, order.verdict));
}

function buttons(desk: Desk, review: () => Review | null, done: () => void): HTMLElement {
  const comment = signal('');
  const number = signal('');
  const method = signal('');
  const area = h('textarea', { rows: 2, maxlength: 500, oninput: (event: Event) => comment.set((event.target as HTMLTextAreaElement).value.trim()) });
  const go = (verdict: Order['verdict']) => (): void => {
    const row = review();
    if (!row) return;
    if (comment.peek() === '') {
      desk.say(() => t('reviews.needComment'), 'bad');
      area.focus();
      return;
    }
    if (verdict !== 'correct') {
      void decide(desk, row, { verdict, comment: comment.peek() }, done);
      return;
    }
    const wanted = Number(number.peek());
    if (number.peek() === '' || !Number.isFinite(wanted) || method.peek() === '') {
      desk.say(() => t('reviews.needValue'), 'bad');
      return;
    }
    void decide(desk, row, { verdict, comment: comment.peek(), value: wanted, unit: displayUnit(quantityOf(row)) || row.si_unit, method: method.peek() }, done);
  };
  const unit = (): string => {
    const row = review();
    return row ? unitOf(row) : '';
  };
  return h('fieldset', { class: 'decide stack-flow', hidden: () => review()?.state !== 'open' },
    field(() => t('reviews.comment'), area),
    h('div', { class: 'fields' },
      actButton(desk, () => t('reviews.confirm'), go('confirm'), { role: 'reviewer', className: 'act' }),
      actButton(desk, () => t('reviews.reject'), go('reject'), { role: 'reviewer', className: 'danger' }),
      actButton(desk, () => t('reviews.note'), go('comment'), { role: 'reviewer' })),
    h('div', { class: 'fields', hidden: () => review() !== null && !hasCurve(review() as Review) },
      entry(() => `${t('reviews.value')}${unit() === '' ? '' : ` (${unit()})`}`, number, { type: 'number', size: 10, live: true }),
      entry(() => t('reviews.method'), method, { placeholder: () => t('reviews.method.hint'), size: 22, live: true }),
      actButton(desk, () => t('reviews.correct'), go('correct'), { role: 'reviewer' })));
}

function steps(desk: Desk, detail: Resource<ReviewDetail>): HTMLElement {
  const body = h('tbody', {});
  each(body, () => detail.get().data?.steps ?? [], (step) => String(step.seq), (item) => h('tr', {},
    h('td', {}, when(desk, () => item.get().time_ms)), h('td', {}, () => (item.get().actor === 'system' ? t('reviews.system') : item.get().actor)),
    h('td', {}, () => tMaybe(`steps.${item.get().kind}`, item.get().kind)), h('td', { class: 'wrap' }, () => item.get().text)));
  return h('table', { class: 'plain-grid' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, () => t('versions.when')), h('th', { scope: 'col' }, () => t('versions.who')),
    h('th', { scope: 'col' }, () => t('reviews.steps')), h('th', { scope: 'col' }, () => t('versions.why')))), body);
}

/** Versions of the first doubted value: as sent, and what people made of it. */
function versions(desk: Desk, review: () => Review | null, changed: () => string): HTMLElement {
  const address = distinct(() => {
    const row = review();
    return row && hasCurve(row) ? withQuery('/api/v1/versions', { key: row.key, t: row.first_ms, interval: row.interval_ms }) : '';
  });
  const found = resource((abort) => {
    changed();
    return address.get() === '' ? null : desk.http.get<{ versions: readonly Version[] }>(address.get(), abort);
  }, 0);
  const rows = (): readonly Version[] => found.get().data?.versions ?? [];
  const body = h('tbody', {});
  each(body, rows, (row) => String(row.version), (item) => h('tr', {},
    h('td', { class: 'num' }, () => item.get().version + 1),
    h('td', { class: 'num' }, h('b', {}, () => value(item.get().value, quantityOf(review() as Review))), h('br', {}), h('small', { class: 'muted mono' }, () => item.get().sent)),
    h('td', {}, qualityChip(() => item.get().quality), h('br', {}), h('small', { class: 'muted' }, () => [markName(item.get().mark), ...checkNames(item.get().checks)].join(' · '))),
    h('td', {}, () => item.get().actor || t('versions.instrument')), h('td', {}, when(desk, () => item.get().made_ms ?? item.get().received_ms)),
    h('td', { class: 'wrap' }, () => item.get().reason || '—')));
  return h('div', { hidden: () => review() === null || !hasCurve(review() as Review) },
    h('h3', {}, () => t('versions.title')), trouble(found),
    h('table', { class: 'plain-grid' }, h('thead', {}, h('tr', {},
      h('th', { scope: 'col', class: 'num' }, () => t('versions.version')), h('th', { scope: 'col', class: 'num' }, () => t('versions.value')), h('th', { scope: 'col' }, () => t('frames.marks')),
      h('th', { scope: 'col' }, () => t('versions.who')), h('th', { scope: 'col' }, () => t('versions.when')), h('th', { scope: 'col' }, () => t('versions.why')))), body));
}

/** What the rule saw, one line each. */
function seen(desk: Desk, detail: Readonly<Record<string, unknown>>): string {
  const one = (name: string, found: unknown): string => {
    if (typeof found === 'number') return name.endsWith('_ms') && found > 1e12 ? moment(found, desk.offset_h()) : String(Number(found.toPrecision(5)));
    return typeof found === 'string' ? found : JSON.stringify(found);
  };
  return Object.entries(detail).map(([name, found]) => `${tMaybe(`seen.${name}`, name)} = ${one(name, found)}`).join('\n') || '—';
}

export function reviewDetail(desk: Desk, listed: () => Review | null, changed: () => void): HTMLElement {
  const detail = resource((abort) => (desk.param('id') === '' ? null : desk.http.get<ReviewDetail>(`/api/v1/reviews/${encodeURIComponent(desk.param('id'))}`, abort)), EVERY_MS);
  const review = computed(() => (String(detail.get().data?.review.id) === desk.param('id') ? (detail.get().data?.review ?? null) : listed()));
  const row = (): Review | null => review.get();
  const state = distinct(() => row()?.state ?? '');
  const of = (read: (one: Review) => string) => (): string => {
    const one = row();
    return one ? read(one) : '';
  };
  const done = (): void => {
    detail.refresh();
    changed();
  };
  return h('div', { class: 'holder', hidden: () => desk.param('id') === '' }, panel(() => t('reviews.detail', { id: desk.param('id') }), [
    trouble(detail),
    h('div', { class: 'stack-flow', hidden: () => row() === null },
      h('div', { class: 'fields' }, h('b', { class: 'big' }, of((one) => (hasCurve(one) ? seriesName(desk, one.key) : one.key))), originChip(() => row()?.origin ?? 'measured'),
        chip(() => (row() ? clockTone(row() as Review, desk.now_ms.get()) : 'idle'), of((one) => clockWords(one, desk.now_ms.get())))),
      h('p', { class: 'hint warn' }, h('b', {}, of((one) => ruleName(one.rule))), ' ', of((one) => say(one.text))),
      curve(desk, row),
      h('h3', {}, () => t('reviews.decide')), buttons(desk, row, done), decided(desk, row),
      facts([
        [() => t('reviews.span'), of((one) => `${clock(one.first_ms, desk.now_ms.get(), desk.offset_h())} – ${clock(one.last_ms, desk.now_ms.get(), desk.offset_h())}`)],
        [() => t('reviews.values'), of((one) => count(one.values))],
        [() => t('reviews.interval'), of((one) => (one.interval_ms === 0 ? t('reviews.moment') : span(one.interval_ms)))],
        [() => t('reviews.worst'), of((one) => (one.worst === null ? '—' : value(one.worst, quantityOf(one))))],
        [() => t('reviews.opened'), of((one) => moment(one.opened_ms, desk.offset_h()))],
        [() => t('reviews.why'), h('span', { class: 'mono', style: 'white-space: pre-wrap' }, of((one) => seen(desk, one.detail)))],
      ]),
      h('h3', {}, () => t('reviews.steps')), steps(desk, detail), versions(desk, row, () => state.get())),
  ], {
    className: 'scroll', tools: [freshnessOf(desk, detail), h('button', {
      type: 'button', class: 'icon-button', title: () => t('dialog.close'), 'aria-label': () => t('dialog.close'), onclick: () => desk.setParams({ id: '' }),
    }, icon('close'))],
  }));
}

function decided(desk: Desk, review: () => Review | null): HTMLElement {
  const made = (): Review['decision'] => review()?.decision ?? null;
  return h('div', { hidden: () => made() === null }, facts([
    [() => t('reviews.decided'), () => tMaybe(`verdict.${made()?.verdict ?? ''}`, made()?.verdict ?? '')],
    [() => t('reviews.by'), h('span', {}, () => `${made()?.actor ?? ''} · `, when(desk, () => made()?.time_ms ?? null))],
    [() => t('reviews.comment'), () => made()?.comment ?? ''],
    [() => t('reviews.method'), () => made()?.method || '—'],
  ]));
}

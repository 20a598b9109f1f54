/** Rates, statistics, gaps, exceedances and fixed values; each a view of its own with its own address. */

import { signal, effect, untracked } from '../../stores/signal';
import { h, swap } from '../../ui/dom';
import type { Desk } from '../context';
import { distinct } from '../distinct';
import { choice, type Choice } from '../form';
import { t } from '../i18n';
import { screen } from '../screen';
import { tabs } from '../tabs';
import { moment } from '../words';
import { download } from './statistics_download';
import { fixedValues, overLimit } from './statistics_found';
import { gapView } from './statistics_gaps';
import { ninetyDays, ratesView } from './statistics_rates';
import { seriesStatistics } from './statistics_series';

const VIEWS = ['rates', 'series', 'gaps', 'over', 'fixed', 'ninety', 'download'] as const;
const PERIODS = ['1d', '7d', '30d', '90d', '365d'] as const;
const DAY_MS = 86_400_000;
/** Periods end on whole five minutes: what is counted over a day or a year need not be counted anew every second. */
const GRAIN_MS = 300_000;

export interface Period {
  readonly from_ms: number;
  readonly to_ms: number;
}

export type PeriodOf = () => Period;

export function statistics(desk: Desk): HTMLElement {
  const view = signal<string>(untracked(() => desk.param('view')) || 'rates');
  const period = signal<string>(untracked(() => desk.param('period')) || '1d');
  effect(() => {
    const params = { view: view.get() === 'rates' ? '' : view.get(), period: period.get() === '1d' ? '' : period.get() };
    untracked(() => desk.setParams(params));
  });
  const spanOf = distinct((): Period => {
    const to_ms = Math.floor(desk.now_ms.get() / GRAIN_MS) * GRAIN_MS;
    return { from_ms: to_ms - Number.parseInt(period.get(), 10) * DAY_MS, to_ms };
  }, (a, b) => a.from_ms === b.from_ms && a.to_ms === b.to_ms);
  const periodOf: PeriodOf = () => spanOf.get();
  const make = { rates: ratesView, series: seriesStatistics, gaps: gapView, over: overLimit, fixed: fixedValues, ninety: ninetyDays, download } as const;
  const [list, body] = tabs(() => t('statistics.title'), view, VIEWS.map((id) => ({ id, title: () => t(`statistics.tab.${id}`), make: () => make[id](desk, periodOf) })));
  body?.classList.add('stack');
  const periods = (): readonly Choice[] => PERIODS.map((id) => ({ value: id, text: () => t(`period.${id}`) }));
  const chooser = h('div', {});
  swap(chooser, () => (view.get() === 'ninety' ? '' : 'period'), (shown) => (shown === '' ? null : h('span', { class: 'fields' },
    h('small', { class: 'muted' }, () => `${moment(periodOf().from_ms, desk.offset_h())} – ${moment(periodOf().to_ms, desk.offset_h())}`), choice(() => t('statistics.period'), period, periods))));
  return screen(() => t('statistics.title'), () => t('statistics.about'), [
    h('div', { class: 'fields split' }, list as HTMLElement, chooser), body as HTMLElement,
  ]);
}

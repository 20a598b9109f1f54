/** Names of rules, and the one-hour clock of a review in words and tone. */

import { t, tMaybe } from '../i18n';
import type { Tone } from '../parts';
import type { Review } from '../wire';
import { span } from '../words';

const SOON_MS = 15 * 60_000;

export const ruleName = (rule: string): string => tMaybe(`rule.${rule}`, rule);

/** The one-hour clock in words. */
export function clockWords(review: Review, now_ms: number): string {
  if (review.state === 'decided') return tMaybe(`verdict.${review.decision?.verdict ?? ''}`, t('reviews.decided'));
  const left_ms = review.due_ms - now_ms;
  return left_ms >= 0 ? t('reviews.left', { time: span(left_ms) }) : t('reviews.late', { time: span(-left_ms) });
}

export function clockTone(review: Review, now_ms: number): Tone {
  if (review.state === 'decided') return review.decision?.verdict === 'reject' ? 'idle' : 'good';
  const left_ms = review.due_ms - now_ms;
  return left_ms < 0 ? 'bad' : left_ms < SOON_MS ? 'warn' : 'info';
}

/** The few figures of /metrics that the desk shows. */

import type { Desk } from './context';
import { resource, type Resource } from './resource';

const PREFIX = 'park_twin_';
const EVERY_MS = 5_000;

export interface Metrics {
  /** A metric without labels. */
  plain(name: string): number | null;
  /** A metric whose one label is this. */
  labelled(name: string, label: string): number | null;
  /** Upper bound of the bucket in which the quantile of a histogram lies; Infinity beyond the last. */
  quantile(name: string, share: number): number | null;
}

interface Sample {
  readonly name: string;
  readonly label: string;
  readonly value: number;
}

const LINE = /^(\w+)(?:\{\w+="((?:[^"\\]|\\.)*)"\})? (\S+)/;

function read(line: string): Sample | null {
  const found = LINE.exec(line);
  if (!found) return null;
  const text = found[3] ?? '';
  const value = text === '+Inf' ? Infinity : Number(text);
  return Number.isNaN(value) ? null : { name: found[1] ?? '', label: found[2] ?? '', value };
}

export function readMetrics(text: string): Metrics {
  const samples = text.split('\n').map((line) => (line.startsWith('#') ? null : read(line))).filter((one): one is Sample => one !== null);
  const find = (name: string, label: string): number | null =>
    samples.find((one) => one.name === PREFIX + name && one.label === label)?.value ?? null;
  return {
    plain: (name) => find(name, ''),
    labelled: find,
    quantile: (name, share) => {
      const buckets = samples.filter((one) => one.name === `${PREFIX}${name}_bucket`)
        .map((one) => ({ bound: one.label === '+Inf' ? Infinity : Number(one.label), count: one.value })).sort((a, b) => a.bound - b.bound);
      const all = buckets.at(-1)?.count ?? 0;
      if (all === 0) return null;
      return buckets.find((bucket) => bucket.count >= share * all)?.bound ?? null;
    },
  };
}

export function gatherMetrics(desk: Desk): Resource<Metrics> {
  return resource(async (abort) => readMetrics(await desk.http.text('/metrics', abort)), EVERY_MS);
}

/** The desk's pure parts. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readArgument, readArguments } from '../src/desk/arguments';
import { readRoute, writeRoute } from '../src/desk/address';
import { readLocal, writeLocal } from '../src/desk/form';
import { hexLines } from '../src/desk/hex';
import { TEXTS, type Both } from '../src/desk/i18n';
import { extent, path, ticks, timeTicks } from '../src/desk/plot';
import { readMetrics } from '../src/desk/metrics';
import { distinct } from '../src/desk/distinct';
import { freshness, resource, type Resource } from '../src/desk/resource';
import { filtered, nextSorting, sorted, windowOf } from '../src/desk/rows';
import { bodyWords } from '../src/desk/screens/evidence';
import { missingShares } from '../src/desk/screens/statistics_gaps';
import { substituteWords, weightedWords } from '../src/desk/screens/statistics_series';
import { clockTone } from '../src/desk/screens/review_words';
import { flagWords } from '../src/desk/screens/frame_detail';
import { Session, type Shelf } from '../src/desk/session';
import type { Argument, Review } from '../src/desk/wire';
import { checkNames, value } from '../src/desk/words';
import { setLanguage } from '../src/i18n/language';
import { DeskHttp } from '../src/sources/desk';
import { effect, flush, scope, signal } from '../src/stores/signal';

interface Row {
  readonly name: string;
  readonly size: number | null;
}

const COLUMNS = [
  { id: 'name', text: (row: Row) => row.name },
  { id: 'size', text: (row: Row) => String(row.size), sort: (row: Row) => row.size },
];
const ROWS: readonly Row[] = [{ name: 'B10', size: 3 }, { name: 'B2', size: null }, { name: 'B1', size: 11 }];

describe('tables', () => {
  it('sort numbers as numbers, names by their numbers, and put the valueless last both ways', () => {
    expect(sorted(ROWS, COLUMNS, { column: 'name', down: false }).map((row) => row.name)).toEqual(['B1', 'B2', 'B10']);
    expect(sorted(ROWS, COLUMNS, { column: 'size', down: false }).map((row) => row.name)).toEqual(['B10', 'B1', 'B2']);
    expect(sorted(ROWS, COLUMNS, { column: 'size', down: true }).map((row) => row.name)).toEqual(['B1', 'B10', 'B2']);
  });

  it('filter by every word, in any column', () => {
    expect(filtered(ROWS, COLUMNS, 'b1 11').map((row) => row.name)).toEqual(['B1']);
    expect(filtered(ROWS, COLUMNS, '  ')).toBe(ROWS);
  });

  it('turn a heading up, down and back', () => {
    const up = nextSorting(null, 'a');
    const down = nextSorting(up, 'a');
    expect([up?.down, down?.down, nextSorting(down, 'a')]).toEqual([false, true, null]);
    expect(nextSorting(down, 'b')).toEqual({ column: 'b', down: false });
  });

  it('draw what is seen and little more, and never beyond the rows', () => {
    for (const top of [0, 13, 5_000, 27_000, 1e9]) {
      const { from, to } = windowOf(1000, 27, top, 600);
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(1000);
      expect(to - from).toBeLessThan(60);
      const first = Math.min(999, Math.floor(top / 27));
      expect(from <= first && first < Math.max(to, 1)).toBe(true);
    }
    expect(windowOf(0, 27, 0, 600)).toEqual({ from: 0, to: 0 });
  });
});

describe('addresses', () => {
  const screens = ['connections', 'frames'];

  it('survive the way there and back', () => {
    const route = { screen: 'frames', query: { mn: '510', fault: 'bad_crc' } };
    expect(readRoute(writeRoute(route), screens)).toEqual(route);
    expect(writeRoute({ screen: 'frames', query: { mn: '' } })).toBe('#frames');
  });

  it('open the first screen when they name none that is there', () => {
    expect(readRoute('#nowhere?x=1', screens)).toEqual({ screen: 'connections', query: {} });
    expect(readRoute('', screens).screen).toBe('connections');
  });

  it('hold moments in park time', () => {
    const ms = Date.UTC(2026, 10, 22, 0, 30, 0);
    expect(writeLocal(ms, 8)).toBe('2026-11-22T08:30:00');
    expect(readLocal('2026-11-22T08:30', 8)).toBe(ms);
    expect(readLocal('yesterday', 8)).toBeNull();
  });
});

describe('what is shown', () => {
  it('is called old when nothing new came, and failed only when there is nothing', () => {
    const error = Object.assign(new Error('x'), { zh: 'x', en: 'x', words: () => 'x' });
    const some = { data: 1, at_ms: 1000, error: null, busy: false };
    expect(freshness({ ...some, at_ms: null, data: null }, 2000, 0)).toBe('loading');
    expect(freshness(some, 2000, 6000)).toBe('fresh');
    expect(freshness(some, 2000, 60_000)).toBe('old');
    expect(freshness(some, 0, 60_000)).toBe('fresh');
    expect(freshness({ ...some, error }, 2000, 1500)).toBe('old');
    expect(freshness({ data: null, at_ms: null, error, busy: false }, 2000, 1500)).toBe('failed');
  });

  it('names every check bit, and says when it does not know one', () => {
    setLanguage('en');
    expect(checkNames(2 + 64)).toEqual(['out of range', 'fast change']);
    expect(checkNames(1 << 20)).toEqual([String(1 << 20)]);
    setLanguage('zh');
  });

  it('shows bytes sixteen in a line', () => {
    const lines = hexLines(Buffer.from('QN=20261122080000001;ST=22').toString('hex'));
    expect(lines.map((line) => line.at)).toEqual(['0000', '0010']);
    expect(lines.map((line) => line.text).join('')).toBe('QN=20261122080000001;ST=22');
  });

  it('reads metrics with and without labels, and quantiles as upper bounds', () => {
    const found = readMetrics([
      '# HELP x', 'park_twin_frames_total{outcome="stored"} 12.0', 'park_twin_data_age_seconds 1.5',
      'park_twin_commit_seconds_bucket{le="0.01"} 90.0', 'park_twin_commit_seconds_bucket{le="0.1"} 100.0', 'park_twin_commit_seconds_bucket{le="+Inf"} 100.0',
    ].join('\n'));
    expect(found.labelled('frames_total', 'stored')).toBe(12);
    expect(found.labelled('frames_total', 'faulty')).toBeNull();
    expect(found.plain('data_age_seconds')).toBe(1.5);
    expect(found.quantile('commit_seconds', 0.5)).toBe(0.01);
    expect(found.quantile('commit_seconds', 0.99)).toBe(0.1);
    expect(found.quantile('nothing', 0.99)).toBeNull();
  });
});

class Drawer implements Shelf {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

describe('the session', () => {
  it('keeps the operator in its drawer until told to leave', () => {
    const drawer = new Drawer();
    const session = new Session(drawer);
    expect(session.token()).toBeNull();
    session.enter({ token: 'secret', name: 'li', role: 'reviewer' });
    expect(new Session(drawer).operator.peek()?.name).toBe('li');
    session.leave();
    expect(drawer.kept.size).toBe(0);
  });

  it('does not trust what it finds', () => {
    const drawer = new Drawer();
    for (const text of ['{', '[]', '{"token":1}', '{"token":"x","name":"y","role":"king"}']) {
      drawer.setItem('park-twin-desk', text);
      expect(new Session(drawer).token(), text).toBeNull();
    }
  });
});

describe('fetching', () => {
  const body = { ok: false, status: 403, code: 'not_allowed', message: 'no', message_zh: '不行', field: 'role', value: '' };

  it('sends the token with everything and turns refusals into both languages', async () => {
    const seen: (RequestInit | undefined)[] = [];
    const http = new DeskHttp(() => 'secret', (_path, init) => {
      seen.push(init);
      return Promise.resolve(new Response(JSON.stringify(body), { status: 403 }));
    });
    await expect(http.post('/x', {})).rejects.toMatchObject({ status: 403, code: 'not_allowed', zh: '不行' });
    expect(new Headers(seen[0]?.headers).get('Authorization')).toBe('Bearer secret');
  });

  it('sends no token when nobody is there, and gives up when told to', async () => {
    const abort = new AbortController();
    const http = new DeskHttp(() => null, (_path, init) => new Promise((_resolve, reject) => {
      expect(new Headers(init?.headers).has('Authorization')).toBe(false);
      init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    }));
    const asked = http.get('/x', abort.signal);
    abort.abort();
    await expect(asked).rejects.toThrow('aborted');
  });

  it('follows the clock of the server when it is off by more than its seconds', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const http = new DeskHttp(() => null, () => Promise.resolve(new Response('{}', { headers: { Date: date } })));
    await http.get('/x');
    expect(Math.abs(http.offset_ms - 3_600_000)).toBeLessThan(2500);
  });
});

const ARGUMENT: Argument = {
  name: 'seconds', name_text: { zh: '秒', en: 'seconds' }, kind: 'integer', low: 30, high: 3600, unit: 's', choices: [], required: true, secret: false,
};

describe('arguments of commands', () => {
  it('are taken inside their bounds only', () => {
    const read = (text: string): unknown => readArgument(ARGUMENT, text, 8);
    expect(read('30')).toEqual({ ok: true, value: 30 });
    expect(read('29')).toEqual({ ok: false, why: 'low' });
    expect(read('3601')).toEqual({ ok: false, why: 'high' });
    expect(read('31.5')).toEqual({ ok: false, why: 'whole' });
    expect(read('many')).toEqual({ ok: false, why: 'number' });
    expect(read('')).toEqual({ ok: false, why: 'missing' });
    expect(readArgument({ ...ARGUMENT, required: false }, '', 8)).toEqual({ ok: true, value: undefined });
  });

  it('become what the command wants: ms, six digits, the choice itself', () => {
    const of = (kind: Argument['kind'], text: string, more: Partial<Argument> = {}): unknown => readArgument({ ...ARGUMENT, kind, low: null, high: null, ...more }, text, 8);
    expect(of('time', '2026-11-22T08:30')).toEqual({ ok: true, value: Date.UTC(2026, 10, 22, 0, 30) });
    expect(of('clock_time', '08:30')).toEqual({ ok: true, value: '083000' });
    expect(of('clock_time', '24:00')).toEqual({ ok: false, why: 'clock' });
    expect(of('choice', '2', { choices: [1, 2, 3] })).toEqual({ ok: true, value: 2 });
    expect(of('choice', '4', { choices: [1, 2, 3] })).toEqual({ ok: false, why: 'choice' });
    expect(of('text', 'abc')).toEqual({ ok: true, value: 'abc' });
  });

  it('name the first that is wrong and leave out what is empty', () => {
    const rows = [{ ...ARGUMENT, name: 'a', required: false }, { ...ARGUMENT, name: 'b' }];
    expect(readArguments(rows, new Map([['b', '60']]), 8)).toEqual({ args: { b: 60 } });
    expect(readArguments(rows, new Map([['a', '1'], ['b', '60']]), 8)).toMatchObject({ bad: { name: 'a' }, why: 'low' });
  });
});

describe('curves', () => {
  it('have round ticks inside their span', () => {
    for (const [low, high] of [[0, 1], [-3.3, 17], [1e-9, 4e-9], [998, 1002]] as const) {
      const found = ticks(low, high, 4);
      expect(found.length).toBeGreaterThan(1);
      expect(found.length).toBeLessThan(8);
      for (const one of found) expect(one >= low - 1e-12 && one <= high * (1 + 1e-9) + 1e-12).toBe(true);
    }
  });

  it('have ticks of time on whole hours of the park, whatever its zone', () => {
    const from = Date.UTC(2026, 10, 22, 0, 7);
    for (const offset_h of [8, 5.5, -3]) {
      const found = timeTicks(from, from + 6 * 3_600_000, 6, offset_h);
      expect(found.length).toBeGreaterThan(3);
      for (const at of found) expect((at + offset_h * 3_600_000) % 3_600_000).toBe(0);
    }
  });

  it('break where there is no number and hold means as long as they last', () => {
    const points = [{ t: 0, v: 1 }, { t: 10, v: 2 }, { t: 20, v: null }, { t: 30, v: 3 }];
    expect(path(points, (at) => at, (v) => v, 0)).toBe('M0.0 1.0L10.0 2.0M30.0 3.0');
    expect(path(points, (at) => at, (v) => v, 10)).toBe('M0.0 1.0H10.0L10.0 2.0H20.0M30.0 3.0H40.0');
  });

  it('leave air around values, none below zero where nothing is negative', () => {
    expect(extent([])).toEqual([0, 1]);
    expect(extent([0, 10])[0]).toBe(0);
    expect(extent([-1, 1])[0]).toBeLessThan(-1);
    expect(extent([5, 5])[1]).toBeGreaterThan(5);
  });

  it('show gaps where they lie, and the shortest still to be seen', () => {
    expect(missingShares([{ from_ms: 0, to_ms: 50 }, { from_ms: 99, to_ms: 200 }], 0, 100)).toEqual([{ left: 0, width: 50 }, { left: 99, width: 1 }]);
    expect(missingShares([{ from_ms: 10, to_ms: 10 }], 0, 1e9)[0]?.width).toBeGreaterThan(0);
  });
});

describe('reviews and frames in words', () => {
  const review = { state: 'open', due_ms: 3_600_000, decision: null } as unknown as Review;

  it('turn the clock from calm to late', () => {
    expect([0, 3_000_000, 3_700_000].map((now) => clockTone(review, now))).toEqual(['info', 'warn', 'bad']);
    expect(clockTone({ ...review, state: 'decided' }, 9e9)).toBe('good');
  });

  it('read the bits of Flag', () => {
    setLanguage('en');
    expect(flagWords(5)).toBe('5 · wants an answer · version bits 2017');
    expect(flagWords(10)).toBe('10 · wants no answer · split · version bits 2025');
    expect(flagWords(null)).toBe('—');
    setLanguage('zh');
  });

  it('show values in the units of people, a logger\'s statistics too', () => {
    expect(value(1.2e-6, 'conc:hf')).toBe('1.20 mg/m³');
    expect(value(1.2e-6, 'conc:hf@max')).toBe('1.20 mg/m³');
    expect(value(0.5, 'conc:hf@cou')).toBe('0.500 kg');
    expect(value(null, 'conc:hf')).toBe('—');
  });
});

describe('texts of the desk', () => {
  const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
  const both = new Set(['app.simulated', 'app.language', 'keys.language']);

  it('are there in both languages with the same places, and English holds no Chinese', () => {
    for (const [key, [zh, en]] of Object.entries(TEXTS) as [string, Both][]) {
      expect(zh.trim(), key).not.toBe('');
      expect(en.trim(), key).not.toBe('');
      expect(places(en), key).toEqual(places(zh));
      if (!both.has(key)) expect(/[\u4e00-\u9fff]/.test(en), key).toBe(false);
    }
  });
});

describe('acts', () => {
  it('are told in the language in use', () => {
    const body = { verb: 'device', now: { name: { zh: '氟化氢', en: 'hydrogen fluoride' }, n: 2 } };
    setLanguage('en');
    expect(bodyWords(body)).toBe('verb device · now {"name":"hydrogen fluoride","n":2}');
    setLanguage('zh');
    expect(bodyWords(body)).toContain('氟化氢');
  });
});

describe('statistics of a series', () => {
  it('say how a mean is weighted, or why it is not', () => {
    setLanguage('en');
    expect(weightedWords({ weighted: 'flow', weighted_reason: '' })).toBe('by flow');
    expect(weightedWords({ weighted: 'speed', weighted_reason: 'calm' })).toBe('by wind speed, calm throughout');
    expect(weightedWords({ weighted: 'none', weighted_reason: 'weights_missing' })).toContain('without flow');
    expect(weightedWords({ weighted: 'none', weighted_reason: '' })).toBe('—');
    setLanguage('zh');
  });
  it('show a substitute as the mass that it is', () => {
    expect(substituteWords({ substitute: 0.648, substitute_unit: 'kg' })).toBe('0.648 kg');
    expect(substituteWords({ substitute: null, substitute_unit: 'kg' })).toBe('—');
  });
});

describe('texts in use', () => {
  it('no text is only carried along', () => {
    const source = sources(join(import.meta.dirname, '../src/desk')).filter((path) => !path.includes('/texts/')).map((path) => readFileSync(path, 'utf8')).join('\n');
    const made = ['check.', 'mark.', 'qty.', 'quality.', 'origin.', 'kind.', 'cn.', 'crc.', 'dev.', 'level.', 'rule.', 'verdict.', 'steps.', 'outcome.', 'purpose.', 'step.',
      'nature.', 'bad.', 'seen.', 'export.format.', 'export.step.', 'export.units.', 'statistic.', 'reason.', 'gaps.state.', 'forward.', 'act.', 'upload.role.', 'upload.status.', 'upload.format.', 'role.', 'period.', 'rates.by.', 'stat.step.', 'stat.unit.', 'weighted.',
      'statistics.tab.', 'reviews.state.', 'reviews.confirm', 'reviews.reject', 'reviews.correct',
      'connections.kind.', 'connections.state.', 'conditions.kind.', 'conditions.link.', 'conditions.on', 'conditions.off', 'conditions.unknown', 'frames.kind.', 'nav.', 'forwarding.pause', 'forwarding.resume', 'upload.template.'];
    const unused = Object.keys(TEXTS).filter((key) => !source.includes(`'${key}'`) && !made.some((start) => key.startsWith(start)));
    expect(unused).toEqual([]);
  });
});

describe('the bundle of the desk', () => {
  it('holds neither the 3D world nor the charts of the viewer', () => {
    const root = join(import.meta.dirname, '../src');
    const seen = new Set<string>();
    const walk = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const match of readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
        const target = match[1] ?? '';
        if (!target.startsWith('.')) {
          expect(target, path).not.toMatch(/^(three|echarts)/);
          continue;
        }
        const base = join(dirname(path), target);
        const found = [base, `${base}.ts`, `${base}/index.ts`].find((one) => one.endsWith('.ts') && existsSync(one));
        if (found) walk(found);
      }
    };
    walk(join(root, 'desk/main.ts'));
    expect(seen.size).toBeGreaterThan(30);
    expect([...seen].filter((path) => /\/src\/(scene|layers|shaders|formats|bridge|modes)\//.test(path))).toEqual([]);
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

describe('distinct values', () => {
  it('tell their readers only of true changes', () => {
    const clock = signal(0);
    let asked = 0;
    const stop = scope(() => {
      const minute = distinct(() => ({ at: Math.floor(clock.get() / 60) }), (a, b) => a.at === b.at);
      effect(() => {
        minute.get();
        asked += 1;
      });
    });
    for (const second of [1, 2, 59, 60, 61, 119]) {
      clock.set(second);
      flush();
    }
    expect(asked).toBe(2);
    stop();
  });
});

describe('resources', () => {
  const hidden = globalThis as { document?: { hidden: boolean } };

  it('ask once for each question, give up the old one, and keep the last answer when the next fails', async () => {
    hidden.document = { hidden: false };
    const question = signal('a');
    const aborted: string[] = [];
    const asked: string[] = [];
    let found: Resource<string> | undefined;
    const stop = scope(() => {
      found = resource((abort) => {
        const mine = question.get();
        asked.push(mine);
        abort.addEventListener('abort', () => aborted.push(mine));
        if (mine === 'slow') return new Promise(() => undefined);
        return mine === 'bad' ? Promise.reject(new Error('broken')) : Promise.resolve(mine);
      }, 0);
    });
    await Promise.resolve();
    expect(found?.peek()).toMatchObject({ data: 'a', error: null, busy: false });
    question.set('slow');
    flush();
    expect(found?.peek()).toMatchObject({ data: 'a', busy: true });
    question.set('bad');
    flush();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(found?.peek()).toMatchObject({ data: 'a', busy: false, error: { en: 'broken' } });
    expect(asked).toEqual(['a', 'slow', 'bad']);
    expect(aborted).toEqual(['a', 'slow']);
    stop();
    delete hidden.document;
  });
});

/** The groundwater: what is made of a now-cast, how it is said, what the world is told, and that late answers do no harm. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { drawingOf, TONES, waterLabels, wellTones } from '../src/bridge/water';
import type { Grid } from '../src/formats/grid';
import { setLanguage } from '../src/i18n';
import { WATER_TEXTS } from '../src/i18n/water';
import { boxOf } from '../src/layers/drawing';
import { WaterSource } from '../src/sources/water';
import { indexScene } from '../src/stores/scene_index';
import { flush } from '../src/stores/signal';
import { makeStores, type Stores } from '../src/stores/stores';
import { waterAhead } from '../src/stores/water';
import { fieldPicture, fieldRange } from '../src/stores/water_field';
import {
  baselineOf, bodies, comparisonOf, cutAlong, failedExercise, farthest, frontAt, imbalance, leadAt, leadsOf, levelAgreement, remediesOf, ringArea, riskCount, saved,
  scaleOf, standing, substanceIn, urgent, volumeAt, wellState, worstWarnings, WATER_TOO_OLD_MS,
} from '../src/stores/water_facts';
import { RESPONSE_LEVELS, standingResponse } from '../src/stores/water';
import { arrivalBand, bandWords, heading, leadName, spreadSentence, targetSentence, termName, areaShown, lengthShown } from '../src/ui/water/words';
import { alertWords } from '../src/ui/water/alert';
import { waterNote } from '../src/ui/water/note_words';
import { learningWords } from '../src/ui/water/notes';
import { cost, dissolved, mass, spanParts } from '../src/units_water';
import type { Band, Front, Remedy, Rings, WaterComparison, WaterNow, WaterTarget, WaterWarning, WaterWell } from '../src/wire_water';
import { scene } from './scene_fixture';

const DAY = 86_400;
const T = 1_795_000_000_000;
const band = (median: number, by = 0.2): Band => ({ low: median * (1 - by), median, high: median * (1 + by) });
const square = (x: number, y: number, side: number): Rings => [[[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]];

function front(lead_s: number, x: number, side: number): Front {
  return {
    substance: 'f', lead_s, limit_kg_m3: 1e-3, class: 'GB/T 14848 III', median: square(x, 0, side), low: square(x + 5, 5, side - 10), high: square(x - 5, -5, side + 10),
    area_m2: band(side * side), reach_m: band(side),
  };
}

function target(id: string, more: Partial<WaterTarget> = {}): WaterTarget {
  return {
    id, name: { zh: `目标${id}`, en: `Target ${id}` }, kind: 'river', x_m: 300, y_m: 0, substance: 'f', limit_kg_m3: 1e-3, probability_365d: 0.8,
    arrival_s: { low: 40 * DAY, median: 96 * DAY, high: 240 * DAY }, peak_kg_m3: band(3e-3), risk: 'high', response: 'II', ...more,
  };
}

function well(sensor: string, measured: number | null, modelled: number, level = 10): WaterWell {
  return {
    sensor, x_m: 0, y_m: 0, z_m: 12, stratum: 'gravel', level: { low: 9.8, median: 10, high: 10.2 }, measured_level: level, measured_t: T, age_s: 0, quality: 'good',
    conc: { f: band(modelled) }, measured_conc: { f: measured }, drawdown_m: band(0.1), warning: null,
  };
}

function now(more: Partial<WaterNow> = {}): WaterNow {
  return {
    run: 'r', k: 1, t: T, origin: 'simulated', solver: 'test', notes: [], inputs: [], members: 8, substances: ['cl', 'f'],
    grid: { x_min_m: 0, y_min_m: 0, dx_m: 10, dy_m: 10, nx: 4, ny: 4, layers: 2 }, wells: [well('W1', 2e-3, 1e-4), well('W2', null, 12e-3, 11)],
    budget: [{ name: 'chd', in_m3_s: 1, out_m3_s: 1.5 }, { name: 'rch', in_m3_s: 0.5, out_m3_s: 0 }], mass: [], mass_now_kg: { f: band(20) }, background_kg_m3: {},
    fronts: [front(30 * DAY, 40, 60), front(0, 0, 50)], targets: [target('a', { risk: 'low', arrival_s: null, probability_365d: 0.03 }), target('b')],
    flow_lines: [[[0, 0], [0, -50]]], learning: null, assimilation: null,
    volumes: [
      { substance: 'f', lead_s: 0, band: 'median', url: '/v0', bytes: 1, max_kg_m3: 0.02 }, { substance: 'f', lead_s: 30 * DAY, band: 'median', url: '/v30', bytes: 1, max_kg_m3: 0.03 },
      { substance: 'f', lead_s: 0, band: 'p975', url: '/u0', bytes: 1, max_kg_m3: 0.05 },
    ],
    heads_url: '/heads', vertical: [], ...more,
  };
}

function option(id: string, left: number): Remedy {
  return {
    id, name: { zh: id, en: id }, kind: 'pump', cost_cny: null, agent: null, amount: null, area: id === 'none' ? null : square(20, 20, 5),
    leads: [{ lead_s: 0, mass_kg: band(20), area_m2: band(2500), max_kg_m3: band(0.02), risk_targets: ['b'] },
      { lead_s: 365 * DAY, mass_kg: band(30 * left), area_m2: band(9000 * left), max_kg_m3: band(0.03), risk_targets: left < 0.6 ? [] : ['b'] }],
    fronts: [{ lead_s: 365 * DAY, median: square(0, 0, 90 * left) }], volumes: id === 'none' ? [] : [{ lead_s: 365 * DAY, url: `/${id}` }],
  };
}

const comparison: WaterComparison = {
  run: 'r', k: 2, t: T, origin: 'simulated', substance: 'f', exercise: false, baseline: 'none', options: [option('none', 1), option('pump', 0.5)], best: 'pump',
  why: { zh: '因为', en: 'because' },
};

beforeEach(() => { setLanguage('zh'); });

describe('facts of a now-cast', () => {
  it('show the substance of the worst target unless another is chosen', () => {
    expect(substanceIn(now(), null)).toBe('f');
    expect(substanceIn(now(), 'cl')).toBe('cl');
    expect(substanceIn(now(), 'gone')).toBe('f');
    expect(substanceIn(null, 'f')).toBeNull();
  });

  it('give fronts and volumes by lead, now first', () => {
    expect(leadsOf(now(), 'f')).toEqual([0, 30 * DAY]);
    expect(frontAt(now(), 'f', 0)?.area_m2.median).toBe(2500);
    expect(frontAt(now(), 'cl', 0)).toBeNull();
    expect(volumeAt(now(), 'f', 0, true)?.url).toBe('/u0');
    expect(volumeAt(now(), 'f', 30 * DAY, true)?.url).toBe('/v30');
  });

  it('scale colours from a third of the limit over two decades', () => {
    const scale = scaleOf(now(), 'f');
    expect(scale.limit).toBe(1e-3);
    expect(scale.low).toBeCloseTo(1e-3 / 3, 12);
    expect(scale.high / scale.low).toBeCloseTo(100, 9);
    expect(scaleOf(now({ background_kg_m3: { f: 4e-4 } }), 'f').limit).toBeCloseTo(6e-4, 12);
    const free = scaleOf(now({ fronts: [], targets: [] }), 'f');
    expect(free).toEqual({ low: 5e-5, high: 0.05, limit: null });
  });

  it('put pressing targets first', () => {
    expect(urgent(now().targets).map((row) => row.id)).toEqual(['b', 'a']);
  });

  it('let what was measured count over what is modelled', () => {
    expect(wellState(well('W', 2e-3, 1e-5), 'f', 1e-3)).toEqual({ degree: 2, conc_kg_m3: 2e-3, measured: true });
    expect(wellState(well('W', null, 12e-3), 'f', 1e-3)).toEqual({ degree: 3, conc_kg_m3: 12e-3, measured: false });
    expect(wellState(well('W', 1e-3, 0), 'f', 1e-3).degree).toBe(1);
    expect(wellState(well('W', 1e-3, 0), 'cl', null).degree).toBeNull();
    const old = { value: 2e-3, t: T, age_s: 90 * DAY, quality: 'good', origin: 'simulated', fresh: false } as const;
    expect(wellState({ ...well('W', 2e-3, 1e-5), measured: { f: old } }, 'f', 1e-3)).toEqual({ degree: 0, conc_kg_m3: 1e-5, measured: false });
    expect(levelAgreement(now().wells)).toEqual({ n: 2, inside: 1 });
  });

  it('close the budget or say by how much it does not', () => {
    expect(imbalance(now().budget)).toBeCloseTo(0, 12);
    expect(imbalance([{ in_m3_s: 1, out_m3_s: 0.9 }])).toBeCloseTo(0.1, 12);
    expect(imbalance([])).toBeNull();
  });

  it('cut along the long side of a plume', () => {
    const ring: Rings = [[[0, 0], [1000, 500], [990, 520], [-10, 20]]];
    const cut = cutAlong(ring);
    if (!cut) throw new Error('no cut');
    expect(Math.atan2(cut.b[1] - cut.a[1], cut.b[0] - cut.a[0])).toBeCloseTo(Math.atan2(500, 1000), 2);
    expect(Math.hypot(cut.b[0] - cut.a[0], cut.b[1] - cut.a[1])).toBeGreaterThan(Math.hypot(1000, 500));
    expect(cutAlong([])).toBeNull();
  });

  it('leave out holes and crumbs', () => {
    const hole = [...(square(10, 10, 20)[0] ?? [])].reverse();
    const rings: Rings = [...square(0, 0, 10), ...square(0, 0, 100), hole, ...square(500, 0, 60)];
    expect(bodies(rings).map((ring) => Math.round(ringArea(ring)))).toEqual([10_000, 3600]);
    expect(farthest(square(0, 0, 10), [5, 5], 180)?.[1]).toBe(0);
  });

  it('name the warnings that stand, exercises apart', () => {
    const row = (subject: string, t: number, state: WaterWarning['state'], exercise = false): WaterWarning => ({
      run: 'r', k: t, t, origin: 'modelled', exercise, subject, kind: 'target', name: { zh: subject, en: subject }, substance: 'f', state, risk: 'high', response: 'I',
      text: { zh: '', en: '' },
    });
    expect(standing([row('a', 1, 'raised'), row('a', 2, 'ended'), row('b', 1, 'raised'), row('c', 3, 'raised', true)]).map((one) => one.subject)).toEqual(['b']);
  });
});

describe('remedies', () => {
  it('stand beside doing nothing', () => {
    expect(baselineOf(comparison)?.id).toBe('none');
    expect(remediesOf(comparison).map((row) => row.id)).toEqual(['pump']);
    const [pump, nothing] = [leadAt(comparison.options[1] ?? null, 365 * DAY), leadAt(baselineOf(comparison), 365 * DAY)];
    expect(saved(pump, nothing, 'area_m2')).toBeCloseTo(0.5, 9);
    expect([riskCount(pump), riskCount(nothing), riskCount(null)]).toEqual([0, 1, null]);
    expect(comparisonOf([comparison, { ...comparison, t: T + 1, substance: 'cl' }], 'f')?.t).toBe(T);
  });

  it('never let an exercise or a what-if that failed stand for what is', () => {
    const tried = { ...comparison, t: T + 5, exercise: true };
    const failed = { ...comparison, t: T + 9, exercise: true, options: [], best: null };
    expect(comparisonOf([comparison, tried, failed], 'f')?.t).toBe(T);
    expect(comparisonOf([tried, failed], 'f')).toBeNull();
    expect(comparisonOf([comparison, tried, failed], 'f', true)?.t).toBe(T + 5);
    expect(failedExercise([comparison, tried, failed])?.t).toBe(T + 9);
    expect(failedExercise([comparison, failed, { ...tried, t: T + 12 }])).toBeNull();
  });
});

describe('words', () => {
  it('say what, how far, whither, towards whom and when, each with its band', () => {
    const said = spreadSentence(null, now(), 'f', 0) + targetSentence(now(), 'f');
    for (const part of ['F⁻', 'Ⅲ类', '1.00 mg/L', '2,500', '2,000', '3,000', '50 (40–60) m', '向东', '96 天 (40–240)', '目标b', '80 %']) expect(said).toContain(part);
    setLanguage('en');
    const english = spreadSentence(null, now(), 'f', 0) + targetSentence(now(), 'f');
    expect(english).toContain('class III');
    expect(english).not.toMatch(/[\u4e00-\u9fff]/);
    expect(heading(now(), 'f')).toBeCloseTo(83.66, 1);
  });

  it('say that nothing is there, or nobody is in the way', () => {
    expect(spreadSentence(null, now({ fronts: [] }), 'f', 0)).toContain('未超过');
    expect(targetSentence(now({ targets: [] }), 'f')).toContain('不会到达');
    expect(arrivalBand(target('x', { arrival_s: { low: 0, median: 0, high: 0 } }))).toBe('已到达');
  });

  it('name leads and spans', () => {
    expect([0, DAY, 7 * DAY, 30 * DAY, 365 * DAY].map(leadName)).toEqual(['现在', '1 天', '7 天', '30 天', '1 年']);
    expect(spanParts(3600)).toEqual({ n: 1, decimals: 0, unit: 'h' });
    expect(spanParts(3 * 365 * DAY).unit).toBe('a');
    expect(termName(null, 'RIV')).toBe('河流');
    expect(termName(null, 'valley ends')).toBe('河谷两端');
    expect(termName(indexScene({ ...scene(), waters: [{ id: 'w1', name: { zh: '清流溪', en: 'Qingliu' }, line: [], width: 5 }] }), 'river w1')).toBe('河流 清流溪');
    expect(termName(null, 'unheard of')).toBe('unheard of');
  });

  it('keep one unit in a band where it can', () => {
    expect(bandWords({ low: 100, median: 200, high: 300 }, areaShown)).toBe('200 (100–300) m²');
    expect(bandWords({ low: 5000, median: 20_000, high: 30_000 }, areaShown)).toBe('2.00 (0.50–3.00) ha');
    expect(bandWords({ low: 0, median: 3025, high: 4173 }, lengthShown)).toBe('3.03 (0.00–4.17) km');
    expect(dissolved(5e-9, 'en')).toEqual({ text: '0.0050', unit: 'µg/L' });
    expect(dissolved(1e-3, 'en')).toEqual({ text: '1.00', unit: 'mg/L' });
    expect(dissolved(null, 'en').text).toBe('—');
    expect([mass(2500, 'en').unit, mass(2.5, 'en').unit, mass(0.0025, 'en').unit]).toEqual(['t', 'kg', 'g']);
    expect([cost(2.1e6, 'zh').unit, cost(2.1e6, 'en').text]).toEqual(['万元', '2,100']);
  });

  it('have both languages, with the same places to fill and no Chinese in English', () => {
    const places = (text: string): string => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join();
    const both = new Set(['forecast']);
    for (const [key, [zh, en]] of Object.entries(WATER_TEXTS)) {
      expect(zh.trim() && en.trim(), key).not.toBe('');
      expect(places(en), key).toBe(places(zh));
      if (!both.has(key)) expect(/[\u4e00-\u9fff]/.test(en), key).toBe(false);
    }
  });
});

describe('notes of the models', () => {
  const NOTES = [
    'recharge assumed: 1.4e-08 m/s on open ground, 4e-09 m/s under works, 30% of that of the slopes above', 'river beds assumed: 0.5 m of 1e-06 m/s',
    '2 of 3 rivers leave the strata and are left out', 'source S-1 lies outside the model and is left out', '3 wells lie outside the model', 'levels of 18 of 20 wells',
    'few wells: bands rest on what was believed before', 'not used, old or not good: GW1a/water_level', 'first now-cast of a small ensemble; the whole one follows',
    'concentrations of wells, limits and peaks hold the background; volumes and masses lie above it', '2 members did not converge ahead',
  ];
  it('are told in both languages; an unknown one is left to the others', () => {
    for (const note of NOTES) {
      setLanguage('zh');
      expect(waterNote(note), note).toMatch(/[\u4e00-\u9fff]/);
      setLanguage('en');
      expect(waterNote(note), note).not.toMatch(/[\u4e00-\u9fff]|\$\d/);
    }
    setLanguage('zh');
    expect(waterNote('levels of 18 of 20 wells')).toBe('20 口井中有 18 口有水位数据');
    expect(waterNote('something new')).toBeNull();
  });
});

describe('texts', () => {
  it('are all used', () => {
    const folder = join(import.meta.dirname, '../src');
    const source = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('i18n/water.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    const made = [/^lead\.[hda]$/, /^span\./, /^risk\./, /^term\./, /^wells\.degree\./];
    expect(Object.keys(WATER_TEXTS).filter((key) => !source.includes(`'${key}'`) && !made.some((rule) => rule.test(key)))).toEqual([]);
  });
});

function filled(value: WaterNow = now()): Stores {
  const stores = makeStores();
  stores.scene.set(indexScene(scene()));
  stores.tick_ms.set(T);
  stores.water.now.set(value);
  return stores;
}

describe('what lies on the ground', () => {
  it('is the band and line of the chosen lead; what is ahead is broken and hatched', () => {
    const stores = filled();
    const shown = drawingOf(stores);
    expect(shown?.areas.map((row) => row.hatched)).toEqual([false, false]);
    stores.water.lead_s.set(30 * DAY);
    const later = drawingOf(stores);
    expect(later?.areas.every((row) => row.hatched)).toBe(true);
    expect(later?.areas[0]?.rings).toEqual(frontAt(now(), 'f', 30 * DAY)?.high);
    const widest = [...(later?.lines ?? [])].filter((row) => row.dash_m > 0).sort((a, b) => b.width_px - a.width_px)[0];
    expect(widest?.points).toEqual(frontAt(now(), 'f', 30 * DAY)?.median[0]);
    expect(waterAhead(stores.water)).toBe(true);
  });

  it('is nothing of a result that is too old, or when it is switched off', () => {
    const stores = filled();
    stores.tick_ms.set(T + WATER_TOO_OLD_MS + 20_000);
    expect(drawingOf(stores)).toBeNull();
    stores.tick_ms.set(T);
    stores.water.fronts.set(false);
    expect(drawingOf(stores)).toBeNull();
  });

  it('shows doing nothing and the remedy, one line each, and the working area', () => {
    const stores = filled();
    stores.water.comparisons.set([comparison]);
    stores.water.remedy.set('pump');
    stores.water.lead_s.set(365 * DAY);
    const shown = drawingOf(stores);
    expect(shown?.areas.map((row) => row.rings)).toEqual([square(0, 0, 90), square(0, 0, 45), square(20, 20, 5)]);
    stores.water.remedy.set('gone');
    expect(drawingOf(stores)?.areas.length).toBeLessThan(3);
  });

  it('names targets with risk and arrival, and the front at its tip', () => {
    const stores = filled();
    const rows = waterLabels(stores, () => 7);
    expect(rows.find((row) => row.id.startsWith('target:b'))?.tone).toBe('level3');
    expect(rows.find((row) => row.id.startsWith('target:b'))?.lines[1]).toContain('96 天');
    expect(rows.find((row) => row.id === 'front:0')?.at[2]).toBe(8);
    expect(wellTones(now(), 'f')).toEqual(new Map([['W1', TONES[2]], ['W2', TONES[3]]]));
  });

  it('has a box round areas and field', () => {
    expect(boxOf({ areas: [{ rings: square(0, 0, 10), colour: '#fff', alpha: 1, hatched: false }], field: null })).toEqual([-6, -6, 16, 16]);
    expect(boxOf({ areas: [], field: null })).toBeNull();
  });

  it('colours drawdown about zero and head in steps', () => {
    const grid: Grid = { nx: 2, ny: 2, x0: 5, y0: 5, dx: 10, dy: 10, time_ms: 0, bands: [new Float32Array([1, 2, 3, NaN]), new Float32Array(4), new Float32Array([-0.5, 0, 0.25, NaN])] };
    expect(fieldRange(grid, 'head')).toEqual([1, 3]);
    expect(fieldRange(grid, 'drawdown')).toEqual([-0.5, 0.5]);
    const picture = fieldPicture(grid, 'drawdown');
    expect(picture?.corner).toEqual([0, 0]);
    expect([...(picture?.rgba.slice(0, 4) ?? [])]).toEqual([70, 160, 255, 220]);
    expect(picture?.rgba[15]).toBe(0);
    expect(fieldPicture(grid, 'none')).toBeNull();
  });
});

describe('source', () => {
  const rest = { waterComparisons: () => Promise.resolve([comparison]), waterWarnings: () => Promise.resolve([]) };
  const settle = async (): Promise<void> => { for (let i = 0; i < 12; i++) { flush(); await Promise.resolve(); } };

  it('takes what is there, then what the stream names, and never an older one', async () => {
    const stores = makeStores();
    const rows = new Map([[2, now({ k: 2, t: T + 10 })], [3, now({ k: 3, t: T - 10 })]]);
    const source = new WaterSource(stores, {
      ...rest, bytes: () => Promise.resolve(new ArrayBuffer(4)), waterNowcasts: () => Promise.resolve([now()]),
      waterNowcast: (_run, k) => { const row = rows.get(k); return row ? Promise.resolve(row) : Promise.reject(new Error('none')); },
    });
    source.start();
    await settle();
    expect(stores.water.now.get()?.k).toBe(1);
    expect(stores.water.comparisons.get().length).toBe(1);
    for (const k of [2, 3, 4]) {
      await source.heard({ kind: 'nowcast', run: 'r', k, t: T, origin: 'modelled' });
      expect(stores.water.now.get()?.k).toBe(2);
    }
  });

  it('fetches the volume of the shown lead, and of the shown remedy', async () => {
    const stores = makeStores();
    const asked: string[] = [];
    new WaterSource(stores, {
      ...rest, bytes: (url) => { asked.push(url); return Promise.resolve(new ArrayBuffer(4)); }, waterNowcasts: () => Promise.resolve([now()]),
      waterNowcast: () => Promise.reject(new Error('none')),
    }).start();
    await settle();
    stores.water.lead_s.set(30 * DAY);
    await settle();
    stores.water.remedy.set('pump');
    await settle();
    expect(asked).toEqual(['/v0', '/v30', '/pump']);
    expect(stores.water.dissolved.get()?.volume.url).toBe('/pump');
  });

  it('fetches what doing nothing leaves when that is asked for, and nothing where it has no volume', async () => {
    const stores = makeStores();
    const asked: string[] = [];
    const both = { ...comparison, options: comparison.options.map((row) => ({ ...row, volumes: [0, 365].map((days) => ({ lead_s: days * DAY, url: `/${row.id}-${days}` })) })) };
    let told: WaterComparison = both;
    const source = new WaterSource(stores, {
      ...rest, bytes: (url) => { asked.push(url); return Promise.resolve(new ArrayBuffer(4)); }, waterNowcasts: () => Promise.resolve([now()]),
      waterNowcast: () => Promise.reject(new Error('none')), waterComparisons: () => Promise.resolve([told]),
    });
    source.start();
    await settle();
    stores.water.lead_s.set(365 * DAY);
    stores.water.remedy.set('pump');
    await settle();
    stores.water.before.set(true);
    await settle();
    expect(asked.slice(-2)).toEqual(['/pump-365', '/none-365']);
    told = { ...comparison, t: T + 1 };
    await source.heard({ kind: 'comparison', run: 'r', k: 3, t: T + 1, origin: 'modelled' });
    await settle();
    expect(stores.water.dissolved.get()).toBeNull();
  });

  it('looks back from a replayed moment and forgets it when live again', async () => {
    const stores = makeStores();
    const spans: (readonly [number, number] | null)[] = [];
    new WaterSource(stores, {
      ...rest, bytes: () => Promise.resolve(new ArrayBuffer(4)), waterNowcast: () => Promise.reject(new Error('none')),
      waterNowcasts: (span) => { spans.push(span); return Promise.resolve(span ? [now({ k: 7, t: T - 50 })] : [now()]); },
    }).start();
    await settle();
    stores.replay.set({ at: T - 20, playing: false });
    await settle();
    expect(stores.water.now.get()?.k).toBe(7);
    expect(spans[1]?.[1]).toBe(T - 19);
    stores.replay.set(null);
    await settle();
    expect(stores.water.now.get()?.k).toBe(1);
  });
});

describe('what alarms and learning say', () => {
  const told = (more: Partial<WaterWarning>): WaterWarning => ({
    run: 'r', k: 1, t: T, origin: 'modelled', exercise: false, subject: 'a', kind: 'target', name: { zh: '目标a', en: 'Target a' }, substance: 'f', state: 'raised',
    risk: 'medium', response: 'II', text: { zh: '目标a：将超限', en: 'Target a: limit exceeded' }, ...more,
  });

  it('puts the worst first, and what was measured before what is expected', () => {
    const well = told({ k: 2, subject: 'W1', kind: 'well', name: { zh: '井1', en: 'Well 1' }, text: { zh: '氟化物 2 倍', en: 'Fluoride twice' }, origin: 'measured' });
    const red = told({ k: 3, subject: 'c', risk: 'high', response: 'I' });
    const drill = told({ k: 4, subject: 'd', risk: 'high', response: 'I', exercise: true });
    const over = told({ k: 5, subject: 'e', risk: 'high', response: null, state: 'ended' });
    expect(worstWarnings([told({}), well, red, drill, over]).map((row) => row.subject)).toEqual(['c', 'W1', 'a']);
    setLanguage('en');
    expect(alertWords(well)).toBe('Well 1 · Fluoride twice');
    expect(alertWords(told({}))).toBe('Target a: limit exceeded');
    setLanguage('zh');
  });

  it('puts the gravest response that stands into the headline', () => {
    const row = (subject: string, response: string | null, more: Partial<WaterWarning> = {}): WaterWarning => ({
      run: 'r', k: 0, t: T, origin: 'simulated', exercise: false, subject, kind: 'target', name: { zh: subject, en: subject }, substance: 'f', state: 'raised',
      risk: 'high', response, text: { zh: '', en: '' }, ...more,
    });
    expect(standingResponse([])).toBeNull();
    expect(standingResponse([row('a', 'III'), row('b', 'II'), row('c', null)])).toBe('II');
    expect(standingResponse([row('a', 'I'), row('a', null, { state: 'ended', t: T + 1 }), row('b', 'III')])).toBe('III');
    expect(standingResponse([row('a', 'I', { exercise: true })])).toBeNull();
    expect(standingResponse([row('a', 'I', { state: 'unknown' })])).toBe('I');
    expect(RESPONSE_LEVELS.I).toBeGreaterThan(RESPONSE_LEVELS.II);
  });

  it('says that there is too little history, never a figure in its place', () => {
    setLanguage('en');
    const learning = { rmse_darcy_m: 0.25, rmse_joined_m: null, kept: false, held_out: ['W1'] };
    expect(learningWords(now({ learning }))).toBe('Held-out wells: Darcy 0.250 m · not enough history for a learner · held out W1');
    expect(learningWords(now({ learning: { ...learning, rmse_joined_m: 0.125, kept: true } }))).toContain('joined 0.125 m · learner kept');
    expect(waterNote('not enough history to learn from: 12 of 96 half hours')).not.toBeNull();
    setLanguage('zh');
  });
});

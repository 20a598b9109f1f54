/** What the air models say: which map is shown, until when, and how it compares with the readings. */

import { afterEach, describe, expect, it } from 'vitest';
import { CATALOGUES, setLanguage } from '../src/i18n';
import { AirSource, sheetOf } from '../src/sources/air';
import { bandName, drawable, levelOf, sourceOf, validAt_ms, withNewer, type ShownMap } from '../src/stores/air';
import { agreement, compare, compareBeam } from '../src/stores/compare';
import { AIR_TOO_OLD_MS } from '../src/stores/limits';
import { flush } from '../src/stores/signal';
import { makeStores } from '../src/stores/stores';
import { linePath } from '../src/ui/miniplot';
import { noteWords } from '../src/ui/notes';
import type { BeamNow, Forecast, NowCast } from '../src/wire_air';

const band = (low: number, median: number, high: number) => ({ low, median, high });

function beam(sensor: string, measured: number | null, more: Partial<BeamNow> = {}): BeamNow {
  return { sensor, predicted: band(1e-6, 2e-6, 3e-6), ahead: null, measured, measured_t: measured === null ? null : 900, age_s: 1, quality: measured === null ? 'missing' : 'good', ...more };
}

function nowcast(substance: string, t: number, more: Partial<NowCast> = {}): NowCast {
  return {
    run: 'r', k: t, substance, t, url: `/map/${substance}/${t}.twv`, bytes: 1, origin: 'simulated', solver: 'gaussian_puff', notes: [], inputs: [],
    grid: null, bands: ['p50', 'p05', 'p95'], broken: [], background: band(0, 0, 0), rates: [], beams: [],
    spread: { max_kg_m3: 1e-6, mass_kg_m: 1, x_m: 0, y_m: 0, towards_deg: 90, speed_m_s: 2, areas: [] }, ...more,
  };
}

function forecast(substance: string, t: number): Forecast {
  const areas = [{ level: 1, name: { zh: '一级', en: 'one' }, conc_kg_m3: 8e-7, area_m2: 1, reach_m: 2 }];
  return {
    run: 'r', k: t, substance, t, url: `/later/${substance}/${t}.twv`, bytes: 1, origin: 'simulated', solver: 'gaussian_puff', notes: [], inputs: [], grid: null,
    bands: ['600:1', '600:2'], forecast: true, wind: 'persistence, growing spread', rates: '', members: 16,
    leads: [{ lead_s: 600, max_kg_m3: 1e-6, areas }], beams: [], arrivals: [],
  };
}

/** A map file of `bands.length` layers of 2 x 1 cells, each filled with its code. */
function mapFile(codes: readonly number[], low: number, high: number): ArrayBuffer {
  const bytes = new ArrayBuffer(64 + codes.length * 2);
  const view = new DataView(bytes);
  [...'TWV1'].forEach((letter, i) => view.setUint8(i, letter.charCodeAt(0)));
  [2, 1, codes.length].forEach((count, i) => view.setUint16(4 + 2 * i, count, true));
  view.setUint8(10, 2);
  view.setUint8(11, 1);
  [-10, 20, 0, 5, 5, 1, low, high].forEach((value, i) => view.setFloat32(12 + 4 * i, value, true));
  // Codec 1: the first byte of a row, then differences.
  codes.forEach((code, k) => view.setUint8(64 + 2 * k, code));
  return bytes;
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
  flush();
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
};

afterEach(() => setLanguage('zh'));

describe('measured beside modelled', () => {
  it('judges a reading by the band that was made before it, where there is one', () => {
    const rows = compare(nowcast('hf', 1, { beams: [beam('A', 2.5e-6, { ahead: band(0, 1e-6, 2e-6) })] }));
    expect(rows[0]).toMatchObject({ ahead: true, outside: true, predicted: band(0, 1e-6, 2e-6) });
    expect(rows[0]?.distance).toBeCloseTo(1.5);
    expect(compare(nowcast('hf', 1, { beams: [beam('A', 2.5e-6)] }))[0]).toMatchObject({ ahead: false, outside: false });
  });

  it('counts an end of the band as inside, and what is not measured as neither', () => {
    const rows = compare(nowcast('hf', 1, { beams: [beam('A', 3e-6), beam('B', null), beam('C', 3.1e-6), beam('D', -1e-7)] }));
    expect(rows.map((row) => [row.sensor, row.outside])).toEqual([['D', true], ['C', true], ['A', false], ['B', null]]);
    expect(agreement(rows)).toEqual({ n: 3, inside: 1 });
    expect(compare(null)).toEqual([]);
  });

  it('gathers the gases of one beam, the wanted one first', () => {
    const casts = new Map([nowcast('so2', 5, { beams: [beam('A', 1e-6)] }), nowcast('hf', 7, { beams: [beam('A', null), beam('B', 1e-6)] }), nowcast('cl2', 5)].map((row) => [row.substance, row]));
    expect(compareBeam(casts, 'A', 'so2').map((row) => [row.substance, row.t])).toEqual([['so2', 5], ['hf', 7]]);
    expect(compareBeam(casts, 'A', null).map((row) => row.substance)).toEqual(['hf', 'so2']);
    expect(compareBeam(casts, 'Z', 'hf')).toEqual([]);
  });
});

describe('the map on the ground', () => {
  const later = { kind: 'forecast', lead_s: 600, level: 1 } as const;
  const sheet = { nx: 1, ny: 1, corner: [0, 0], step: [1, 1], low: 0.01, high: 1, chance: true, codes: new Uint8Array([9]) } as const;
  const shown: ShownMap = { source: forecast('hf', 1_000_000), map: later, sheet };

  it('is taken away when its result is older than half an hour', () => {
    expect(drawable(shown, 1_000_000 + AIR_TOO_OLD_MS)).toBe(shown);
    expect(drawable(shown, 1_000_000 + AIR_TOO_OLD_MS + 1)).toBeNull();
    expect(drawable(null, 0)).toBeNull();
  });

  it('says what moment and level it is for', () => {
    expect(validAt_ms(shown)).toBe(1_600_000);
    expect(levelOf(shown)?.conc_kg_m3).toBe(8e-7);
    const now: ShownMap = { source: nowcast('hf', 5), map: { kind: 'now', band: 'p50' }, sheet: { ...sheet, chance: false } };
    expect(validAt_ms(now)).toBeNull();
    expect(levelOf(now)).toBeNull();
    expect([bandName(later), bandName({ kind: 'now', band: 'p95' }), bandName({ kind: 'none' })]).toEqual(['600:1', 'p95', null]);
  });

  it('is of the gas that the page shows, else of the gas with most in the air', () => {
    const weak = nowcast('hf', 5);
    const strong = nowcast('nh3', 5, { spread: { ...weak.spread, max_kg_m3: 1e-4 } });
    const casts = new Map([['hf', weak], ['nh3', strong]]);
    const casting = new Map([['hf', forecast('hf', 5)]]);
    const now = { kind: 'now', band: 'p50' } as const;
    expect(sourceOf(now, null, casts, casting)).toBe(strong);
    expect(sourceOf(now, 'hf', casts, casting)).toBe(weak);
    expect(sourceOf(later, 'nh3', casts, casting)).toBeNull();
    expect(sourceOf({ kind: 'none' }, 'hf', casts, casting)).toBeNull();
  });

  it('keeps the newer result of a gas', () => {
    const held = new Map([['hf', nowcast('hf', 5)]]);
    expect(withNewer(held, nowcast('hf', 4))).toBe(held);
    expect(withNewer(held, nowcast('hf', 6)).get('hf')?.t).toBe(6);
  });

  it('reads one layer of a file and leaves broken files out', () => {
    const found = sheetOf(mapFile([7, 9], 0.01, 1), 1, true);
    expect(found).toMatchObject({ nx: 2, ny: 1, corner: [-10, 20], step: [5, 5], chance: true, high: 1 });
    expect([...(found?.codes ?? [])]).toEqual([9, 9]);
    expect(sheetOf(mapFile([7], 0.01, 1), 1, true)).toBeNull();
    const warn = console.warn;
    console.warn = () => undefined;
    expect(sheetOf(new ArrayBuffer(3), 0, true)).toBeNull();
    console.warn = warn;
  });
});

describe('the source of the air', () => {
  function rig(now: readonly NowCast[], later: readonly Forecast[] = []) {
    const stores = makeStores();
    const asked: string[] = [];
    const spans: (readonly [number, number] | null)[] = [];
    const air = new AirSource(stores, {
      nowcasts: (span) => {
        spans.push(span);
        return Promise.resolve(now);
      },
      forecasts: () => Promise.resolve(later),
      bytes: (url) => {
        asked.push(url);
        return url.includes('lost') ? Promise.reject(new Error('gone')) : Promise.resolve(mapFile([7, 8, 9], 1e-10, 1e-4));
      },
    });
    air.start();
    return { stores, asked, spans, air };
  }

  it('fetches a map only when one is wanted, and a newer one when it comes', async () => {
    const { stores, asked, air } = rig([nowcast('hf', 5)]);
    await settle();
    expect(asked).toEqual([]);
    stores.air.groundMap.set({ kind: 'now', band: 'p95' });
    await settle();
    expect(asked).toEqual(['/map/hf/5.twv']);
    expect([...(stores.air.shownMap.get()?.sheet.codes ?? [])]).toEqual([9, 9]);
    air.heard({ nowcast: nowcast('hf', 65) });
    await settle();
    expect(stores.air.shownMap.get()?.source.t).toBe(65);
    stores.air.groundMap.set({ kind: 'none' });
    await settle();
    expect(stores.air.shownMap.get()).toBeNull();
  });

  it('shows nothing where the result has no map or the file does not come', async () => {
    const { stores, asked, air } = rig([nowcast('hf', 5, { url: '' })]);
    stores.air.groundMap.set({ kind: 'now', band: 'p50' });
    await settle();
    expect([asked.length, stores.air.shownMap.get()]).toEqual([0, null]);
    air.heard({ nowcast: nowcast('hf', 6, { url: '/lost.twv' }) });
    await settle();
    expect([asked.length, stores.air.shownMap.get()]).toEqual([1, null]);
  });

  it('takes the results of a replayed moment, which live ones do not disturb', async () => {
    const { stores, spans, air } = rig([nowcast('hf', 5)]);
    await settle();
    stores.replay.set({ at: 2_000_000, playing: false });
    await settle();
    expect(spans).toEqual([null, [1_100_000, 2_000_000]]);
    air.heard({ nowcast: nowcast('hf', 9_000_000) });
    expect(stores.air.nowcasts.get().get('hf')?.t).toBe(5);
  });
});

describe('notes', () => {
  const NOTES = [
    'no wind', 'forecast', 'wind between stations: library not built yet', 'wind between stations: no library', 'persistence, growing spread',
    'wind forecast of windforecast.csv', 'as now in every member, lognormal walk of 0.5 per root hour', 'dense: use emergency deduction', 'weakly observed',
    'not seen by any beam: U1, U2', 'cannot be told apart: U1=U2', 'terrain-following, passive gas', 'shallow layer, handed over to puffs; no buildings',
    '3.1 % left the grid while dense, as puffs', 'outside validity: wind_speed_m_s 0.2, expected 0.5 to any', 'outside validity: slope_ratio 0.925, expected any to 0.3',
    'outside validity: turn_deg 50, expected any to 40', 'outside validity: roughness_m 3, expected 0.001 to 1',
  ];

  it('are told in both languages, none as it came', () => {
    for (const note of NOTES) {
      setLanguage('zh');
      expect(noteWords(note), note).toMatch(/[\u4e00-\u9fff]/);
      setLanguage('en');
      expect(noteWords(note), note).not.toMatch(/[\u4e00-\u9fff]|\{|_m_s|_ratio/);
    }
  });

  it('name the broken limit, the value with its unit and what was expected', () => {
    expect(noteWords('outside validity: wind_speed_m_s 0.2, expected 0.5 to any')).toBe('超出适用范围：风速 0.2 m/s，应不低于 0.5 m/s');
    setLanguage('en');
    expect(noteWords('outside validity: wind_speed_m_s 0.2, expected 0.5 to any')).toBe('Outside validity: wind speed 0.2 m/s, expected at least 0.5 m/s');
    expect(noteWords('outside validity: slope_ratio 0.925, expected any to 0.3')).toBe('Outside validity: slope of the ground 0.925, expected at most 0.3');
    expect(noteWords('outside validity: roughness_m 3, expected 0.001 to 1')).toBe('Outside validity: roughness of the ground 3 m, expected 0.001 to 1 m');
  });

  it('that nobody knows are shown as they came', () => {
    for (const note of ['something new', 'outside validity: moon_phase 3, expected 0 to 1', 'toString', 'outside validity: constructor 3, expected 0 to 1']) expect(noteWords(note)).toBe(note);
  });

  it('have their words in both catalogues', () => {
    expect(Object.keys(CATALOGUES.zh).filter((key) => key.startsWith('note.')).length).toBeGreaterThan(20);
  });
});

describe('small plots', () => {
  const base = { t: [0, 10, 20, 100, 110], from: 0, to: 120, lines: [], top: 10 };

  it('break where there is a gap or no value', () => {
    const path = linePath(base, [1, 2, null, 4, 5]);
    expect(path.match(/M/g)?.length).toBe(2);
    expect(path.match(/L/g)?.length).toBe(2);
    expect(linePath(base, [1, 2, 3, 4, 5]).match(/M/g)?.length).toBe(2);
  });

  it('leave out what lies outside the span, and turn without a line across', () => {
    expect(linePath({ ...base, from: 15 }, [1, 2, 3, 4, 5]).match(/[ML]/g)?.length).toBe(3);
    const course = { ...base, t: [0, 10, 20], top: 360, turns: true };
    expect(linePath(course, [350, 5, 10]).match(/M/g)?.length).toBe(2);
    expect(linePath(course, [300, 350, 355]).match(/M/g)?.length).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { concentration, type Volume } from '../src/formats/volume';
import { appended, gap_ms, shape, stepFor, type CurvePoint } from '../src/stores/curve';
import { downwind, exposed, gridBearing, meanWind, winds } from '../src/stores/downwind';
import { readBookmarks, Bookmarks } from '../src/stores/bookmarks';
import { windRose } from '../src/stores/rose';
import { firstCut, fromCut, toCut } from '../src/stores/section';
import { EMPTY, fromState, heard, withDevice, withPlume, withValues } from '../src/stores/snapshot';
import { nextMoment, stretch } from '../src/stores/span';
import { choosePlume, makeStores } from '../src/stores/stores';
import { nearGround } from '../src/stores/volume';
import type { Plume } from '../src/wire';
import { index, scene, value, valueMap } from './scene_fixture';

const plume = (substance: string, t: number, max = 1e-6): Plume => ({
  run: 'r', k: t, substance, t, url: `/p/${substance}/${t}`, bytes: 1, max_kg_m3: max, origin: 'simulated', solver: 's', notes: [],
  inputs: [], sources: [], beams: {},
});

describe('snapshot', () => {
  it('never lets an older value replace a newer one', () => {
    const first = withValues(EMPTY, [value('a/x', 1, { t: 20 })]);
    const late = withValues(first, [value('a/x', 9, { t: 10 })]);
    expect(late).toBe(first);
    expect(withValues(first, [value('a/x', 2, { t: 20 })]).values.get('a/x')?.v).toBe(2);
    expect(first.data_ms).toBe(20);
  });

  it('hears a device in its values, and never back in time', () => {
    const device = { mn: 'M1', sensor: 'B1', station: 'S1', state: 'online' as const, last_seen_ms: 100, interval_s: 10, origin: 'simulated' as const };
    const known = withDevice(EMPTY, device);
    expect(heard(known, [value('B1/conc:hf', 1)], 250).devices.get('M1')?.last_seen_ms).toBe(250);
    expect(heard(known, [value('B1/conc:hf', 1)], 50)).toBe(known);
    expect(heard(known, [value('B2/conc:hf', 1)], 250)).toBe(known);
  });

  it('keeps the newest plume of every substance', () => {
    const two = withPlume(withPlume(withPlume(EMPTY, plume('hf', 20)), plume('hf', 10)), plume('nh3', 5));
    expect([two.plumes.get('hf')?.t, two.plumes.get('nh3')?.t]).toEqual([20, 5]);
  });

  it('shows nothing but the chosen moment in a replay, and live again after it', () => {
    const stores = makeStores();
    stores.live.set(withValues(EMPTY, [value('a/x', 1)]));
    stores.replay.set({ at: 500, playing: false });
    expect(stores.shown.peek().values.size).toBe(0);
    stores.past.set({ ...fromState({ cursor: '1.1', at: 500, now_ms: 9, data_ms: 490, values: [value('a/x', 7, { t: 490 })], devices: [], plumes: [], watertable: null, span: null }), at: 500 });
    expect(stores.shown.peek().values.get('a/x')?.v).toBe(7);
    expect(stores.now_ms.peek()).toBe(500);
    stores.replay.set(null);
    expect(stores.shown.peek().values.get('a/x')?.v).toBe(1);
  });
});

describe('the plume that is shown', () => {
  const shown = withPlume(withPlume(EMPTY, plume('hf', 1, 1e-6)), plume('nh3', 1, 1e-5));

  it('is the chosen one, else that of the worst beam, else the strongest', () => {
    expect(choosePlume(shown, 'hf', null)?.substance).toBe('hf');
    expect(choosePlume(shown, null, null)?.substance).toBe('nh3');
    expect(choosePlume(EMPTY, null, null)).toBeNull();
  });
});

describe('wind', () => {
  const blow = (speed: number, from: number) => winds(index(), valueMap(value('S1-MET/wind_speed', speed), value('S1-MET/wind_from', from)), 1_001_000);

  it('FROM the west puts the village in the east in the way, and no other', () => {
    const mean = meanWind(blow(4, 270));
    expect(mean?.from_deg).toBeCloseTo(270, 9);
    const found = downwind(scene(), [0, 0, 0], mean as NonNullable<typeof mean>);
    expect(found.map((row) => row.id)).toEqual(['east']);
    expect(found[0]?.arrival_s).toBeCloseTo(200, 6);
  });

  it('FROM the east puts the village in the west in the way', () => {
    expect(downwind(scene(), [0, 0, 0], { speed_m_s: 2, from_deg: 90 }).map((row) => row.id)).toEqual(['west']);
  });

  it('has no direction when calm', () => {
    expect(downwind(scene(), [0, 0, 0], { speed_m_s: 0.2, from_deg: 270 })).toEqual([]);
  });

  it('averages around north as vectors', () => {
    const one = blow(2, 350)[0] as ReturnType<typeof blow>[number];
    const mean = meanWind([one, { ...one, from_deg: 10 }]);
    expect(Math.min(mean?.from_deg ?? 180, 360 - (mean?.from_deg ?? 180))).toBeLessThan(1e-6);
  });

  it('turns true bearings into grid bearings with the convergence', () => {
    expect(gridBearing(10, 1)).toBe(9);
    expect(gridBearing(0, 1)).toBe(359);
  });
});

describe('wind rose', () => {
  it('counts good pairs only, sector 0 around north, calm apart', () => {
    const times = [1, 2, 3, 4, 5];
    const rose = windRose(
      { t: times, v: [3, 5, 0.1, 2.5, 4], q: ['good', 'good', 'good', 'doubtful', 'good'] },
      { t: [1, 2, 3, 4], v: [355, 90, 10, 10], q: ['good', 'good', 'good', 'good'] });
    expect(rose.samples).toBe(3);
    expect(rose.calm).toBeCloseTo(1 / 3);
    expect(rose.shares[0]?.[1]).toBeCloseTo(1 / 3);
    expect(rose.shares[4]?.[2]).toBeCloseTo(1 / 3);
  });
});

describe('who stands in the plume', () => {
  const codes = new Uint8Array(20 * 20 * 2);
  codes[10 * 20 + 18] = 255;
  const volume: Volume = {
    nx: 20, ny: 20, nz: 2, aboveGround: true, corner: [-1000, -1000, 0], step: [100, 100, 10], vMin_kg_m3: 1e-8, vMax_kg_m3: 1e-4,
    time_ms: 0, codes,
  };

  it('finds the settlement in the cell and says how much', () => {
    const found = exposed(scene(), volume);
    expect(found.map((row) => row.id)).toEqual(['east']);
    expect(found[0]?.conc_kg_m3).toBeCloseTo(1e-4, 9);
    expect(concentration(volume, 1)).toBeCloseTo(1e-8, 12);
  });

  it('says nothing of a place outside the frame', () => {
    expect(nearGround(volume, 1500, 0, 50)).toBeNull();
  });
});

describe('curves', () => {
  const rows = (...list: readonly (readonly [number, number | null, CurvePoint['q']])[]): CurvePoint[] => list.map(([t, v, q]) => ({ t, v, q }));

  it('leave gaps as gaps', () => {
    const curve = shape(rows([0, 1, 'good'], [10, 2, 'good'], [100, 3, 'good']), 30);
    expect(curve.line.map((point) => point[1])).toEqual([1, 2, null, 3]);
  });

  it('break at missing values, mark what was not measured, set doubtful points apart', () => {
    const curve = shape(rows([0, 1, 'good'], [10, null, 'missing'], [20, 9, 'not_measuring'], [30, 9, 'not_measuring'], [40, 5, 'doubtful']), 30);
    expect(curve.line.map((point) => point[1])).toEqual([1, null, null, null, 5]);
    expect(curve.stopped).toEqual([[20, 30]]);
    expect(curve.doubtful).toEqual([[40, 5]]);
    expect([curve.min, curve.max]).toEqual([1, 5]);
  });

  it('grow by newer values only', () => {
    const old = rows([10, 1, 'good']);
    expect(appended(old, value('a/x', 2, { t: 10 }))).toBe(old);
    expect(appended(old, value('a/x', 2, { t: 11 }))).toHaveLength(2);
  });

  it('take coarser steps for longer stretches', () => {
    expect([stepFor(1, 10), stepFor(6, 5), stepFor(168, 10), stepFor(168, 3600)]).toEqual(['raw', 'minute', 'hour', 'raw']);
    expect(gap_ms(10, 'minute')).toBeCloseTo(180_600, 0);
  });
});

describe('time slider', () => {
  it('shows the window back from the newest, cut to what is stored, and a minute at least', () => {
    expect(stretch(0, 10_000_000, 1)).toEqual({ from: 6_400_000, to: 10_000_000 });
    expect(stretch(9_000_000, 10_000_000, 1)).toEqual({ from: 9_000_000, to: 10_000_000 });
    expect(stretch(null, 10_000_000, 1)).toEqual({ from: 9_940_000, to: 10_000_000 });
  });

  it('plays on, round, or to the end', () => {
    expect(nextMoment(10, 5, false, { from: 0, to: 20 })).toBe(15);
    expect(nextMoment(18, 5, true, { from: 0, to: 20 })).toBe(0);
    expect(nextMoment(18, 5, false, { from: 0, to: 20 })).toBeNull();
  });
});

describe('section line', () => {
  it('goes to a cut and back', () => {
    const extent = scene().extent;
    for (const line of [{ offset_m: 120, bearing_deg: 30, length_m: 500 }, { offset_m: -40, bearing_deg: 135, length_m: 800 }]) {
      const back = fromCut(toCut(line, extent), extent);
      expect(back.offset_m).toBeCloseTo(line.offset_m, 6);
      expect(back.bearing_deg).toBeCloseTo(line.bearing_deg, 6);
      expect(back.length_m).toBeCloseTo(line.length_m, 6);
    }
  });

  it('begins where the wells are', () => {
    const cut = firstCut(scene());
    expect((cut.a[0] + cut.b[0]) / 2).toBeCloseTo(10);
    expect(firstCut(scene({ wells: [], stations: [] })).a[1]).toBe(0);
    const well = scene().wells[0];
    if (!well) throw new Error('the fixture has a well');
    const at = (id: string, x: number, y: number): typeof well => ({ ...well, id, x, y });
    const along = firstCut(scene({ wells: [at('A', 0, 0), at('B', 400, 200), at('C', 800, 400), at('D', 300, 900)] }));
    expect(along.a[1] / along.a[0]).toBeCloseTo(0.5);
    expect(along.b[0]).toBeGreaterThan(800);
  });
});

describe('own bookmarks', () => {
  it('come back from the shelf, without what is broken', () => {
    const good = { id: 'a', name: 'A', target: [0, 0, 0], position: [1, 1, 1] };
    expect(readBookmarks(JSON.stringify([good, { id: 1 }, null, { ...good, target: [0, 'x', 0] }]))).toEqual([good]);
    expect(readBookmarks('{')).toEqual([]);
    expect(readBookmarks(null)).toEqual([]);
  });

  it('are kept and removed for one park', () => {
    const shelf = new Map<string, string>();
    const box = { getItem: (key: string) => shelf.get(key) ?? null, setItem: (key: string, text: string) => void shelf.set(key, text) };
    const mine = new Bookmarks('p', box);
    mine.add('Night', { target: [0, 0, 0], position: [1, 2, 3] });
    const again = new Bookmarks('p', box);
    expect(again.all.peek().map((row) => row.name)).toEqual(['Night']);
    again.remove(again.all.peek()[0]?.id ?? '');
    expect(new Bookmarks('p', box).all.peek()).toEqual([]);
    expect(new Bookmarks('q', box).all.peek()).toEqual([]);
  });
});

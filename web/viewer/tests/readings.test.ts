import { describe, expect, it } from 'vitest';
import { freshFor_ms, LAST_WORD_MS, overall, rampLevel, readAll, standingByBeam, UNKNOWN } from '../src/stores/readings';
import type { Value } from '../src/wire';
import { index, value, valueMap } from './scene_fixture';

const NOW = 1_005_000;
const park = index();
const judge = (...rows: readonly Value[]) => overall(readAll(park, valueMap(...rows), NOW));

describe('the level of the park', () => {
  it('is unknown, never normal, without one fresh usable beam', () => {
    expect(judge().level).toBe(UNKNOWN);
    expect(judge(value('B1/conc:hf', 1e-8, { t: NOW - 3_000_000 })).level).toBe(UNKNOWN);
    expect(judge(value('B1/conc:hf', 9e-5, { q: 'not_measuring', m: 'C' })).level).toBe(UNKNOWN);
  });

  it('is normal below the first threshold and counts the beams that give data', () => {
    const total = judge(value('B1/conc:hf', 0.99e-6), value('B2/conc:hf', 1e-8));
    expect(total.level).toBe(0);
    expect([total.seeing, total.beams]).toEqual([2, 3]);
    expect(total.exceedances).toEqual([]);
  });

  it.each([[1e-6, 1], [15.9e-6, 1], [16e-6, 2], [39e-6, 2], [41e-6, 3]])('%s kg/m3 of HF is level %i', (conc, level) => {
    expect(judge(value('B1/conc:hf', conc)).level).toBe(level);
  });

  it('takes the lowest of several thresholds of one level', () => {
    expect(judge(value('B1/conc:hf', 1.2e-6)).exceedances[0]?.threshold?.name.en).toBe('one');
  });

  it('counts a doubtful value: a leak also looks like a sudden rise', () => {
    const total = judge(value('B1/conc:hf', 20e-6, { q: 'doubtful', c: 64 }), value('B2/conc:hf', 1e-8));
    expect([total.level, total.doubtful]).toEqual([2, true]);
  });

  it('never takes a value over range for normal', () => {
    expect(judge(value('B1/conc:hf', 1e-9, { q: 'not_measuring', m: 'T' })).level).toBe(1);
  });

  it('keeps a level whose line fell silent for an hour, and then no longer', () => {
    const silent = (age_ms: number) => judge(value('B1/conc:hf', 20e-6, { t: NOW - age_ms }), value('B2/conc:hf', 1e-8, { t: NOW }), value('B3/conc:hf', 1e-8, { t: NOW }));
    expect(silent(LAST_WORD_MS - 1).level).toBe(2);
    expect(silent(LAST_WORD_MS - 1).worst?.stale).toBe(true);
    expect(silent(LAST_WORD_MS + 1).level).toBe(0);
  });

  it('is unknown, not normal, while fewer than half of the beams see', () => {
    expect(judge(value('B2/conc:hf', 1e-8)).level).toBe(-1);
    expect(judge(value('B2/conc:hf', 1e-8), value('B3/conc:hf', 1e-8)).level).toBe(0);
    expect(judge(value('B2/conc:hf', 20e-6)).level).toBe(2);
  });

  it('lists the worst first, whatever the gas', () => {
    const total = judge(value('B2/conc:hf', 2e-6), value('B1/conc:nh3', 21e-6), value('B3/conc:hf', 17e-6));
    expect(total.exceedances.map((row) => row.key)).toEqual(['B3/conc:hf', 'B2/conc:hf', 'B1/conc:nh3']);
    expect(total.worst?.sensor).toBe('B3');
  });
});

describe('the reading that stands for a beam', () => {
  const stand = (...rows: readonly Value[]) => standingByBeam(readAll(park, valueMap(...rows), NOW), ['hf', 'nh3']);

  it('is the first gas while none has reached a level, however they compare', () => {
    expect(stand(value('B1/conc:hf', 1e-9), value('B1/conc:nh3', 19e-6)).get('B1')?.substance).toBe('hf');
  });

  it('is the gas with the highest level', () => {
    expect(stand(value('B1/conc:hf', 0.9e-6), value('B1/conc:nh3', 21e-6)).get('B1')?.substance).toBe('nh3');
  });

  it('is a gas that can be used before one that cannot', () => {
    expect(stand(value('B1/conc:hf', null), value('B1/conc:nh3', 1e-6)).get('B1')?.substance).toBe('nh3');
  });
});

describe('freshness and colour', () => {
  it('forgives three intervals', () => {
    expect(freshFor_ms(10)).toBe(45_000);
    const [fresh] = readAll(park, valueMap(value('B1/conc:hf', 1e-8, { t: NOW - 45_000 })), NOW);
    const [old] = readAll(park, valueMap(value('B1/conc:hf', 1e-8, { t: NOW - 45_001 })), NOW);
    expect([fresh?.stale, old?.stale]).toEqual([false, true]);
  });

  it('puts 0.01, 1 and 100 mg/m3 at the ends and the middle of the ramp', () => {
    expect(rampLevel(1e-8)).toBe(0);
    expect(rampLevel(1e-6)).toBeCloseTo(0.5, 12);
    expect(rampLevel(1e-4)).toBe(1);
    expect(rampLevel(1)).toBe(1);
    expect(rampLevel(0)).toBe(0);
  });
});

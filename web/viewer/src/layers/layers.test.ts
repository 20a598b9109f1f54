import { describe, expect, it } from 'vitest';
import { RAMP, RAMP_RANGE_KG_M3 } from '../contract';
import type { Grid } from '../formats/grid';
import type { StratumDoc } from '../formats/scene';
import { rampColour } from './beams';
import { drape } from './draped';
import { levelOfCode } from './plume';
import { rectangle, SolidBuilder } from './solids';
import { chordOf } from './strata';
import { buildFace, NO_WATER, patternOf, StrataModel } from './strata_model';
import { windTowards } from './wind';

describe('wind', () => {
  it('FROM 270 blows to the east, FROM 0 to the south', () => {
    expect(windTowards(270, 0)[0]).toBeCloseTo(1);
    expect(windTowards(270, 0)[1]).toBeCloseTo(0);
    expect(windTowards(0, 0)[1]).toBeCloseTo(-1);
  });
  it('turns true north into grid north', () => {
    // Grid north lies 2 degrees east of true north: wind from true 272 comes from grid 270.
    expect(windTowards(272, 2)[0]).toBeCloseTo(1);
  });
});

describe('ramp', () => {
  it('starts, ends and passes through the shared colours', () => {
    RAMP.forEach((text, i) => { expect(rampColour(i / (RAMP.length - 1))).toBe(Number.parseInt(text.slice(1), 16)); });
    expect(rampColour(-1)).toBe(rampColour(0));
    expect(rampColour(7)).toBe(rampColour(1));
  });
  it('means the same concentration in the plume as in the beams', () => {
    const volume = { vMin_kg_m3: 1e-9, vMax_kg_m3: 1e-4 };
    const [offset, factor] = levelOfCode(volume);
    const [low, high] = RAMP_RANGE_KG_M3;
    for (const conc of [low, 3e-7, high]) {
      const code = 1 + (254 * Math.log(conc / volume.vMin_kg_m3)) / Math.log(volume.vMax_kg_m3 / volume.vMin_kg_m3);
      expect(offset + factor * code).toBeCloseTo(Math.log(conc / low) / Math.log(high / low), 6);
    }
  });
});

const LAYERS: StratumDoc[] = ['fill', 'clay', 'gravel', 'weathered', 'bedrock'].map((id) => ({ id, name: id, colour: '#888888', aquifer: id === 'gravel' }));

/** Ground 100 + x / 10 on a coarse grid; bottoms 2, 5, 5, 20 and 50 m down; doubt 1 m each. */
function strataGrid(): Grid {
  const [nx, ny] = [3, 2];
  const ground = [100, 110, 120, 100, 110, 120];
  const bands = [0, 2, 5, 5, 20, 50].map((depth) => new Float32Array(ground.map((z) => z - depth)));
  const doubt = LAYERS.map(() => new Float32Array(nx * ny).fill(1));
  return { nx, ny, x0: 0, y0: 0, dx: 100, dy: 100, time_ms: 0, bands: [...bands, ...doubt] };
}

describe('strata', () => {
  const model = new StrataModel(strataGrid(), LAYERS, 10, (x) => 100 + x / 10 + Math.sin(x));
  it('hangs thicknesses from the drawn ground, never crossing, the last down to the base', () => {
    for (let x = 0; x <= 200; x += 7) {
      const column = model.column(x, 50);
      const top = 100 + x / 10 + Math.sin(x);
      expect(column.top).toBeCloseTo(top, 6);
      expect(column.bottoms[0]).toBeCloseTo(top - 2, 4);
      expect(column.bottoms[3]).toBeCloseTo(top - 20, 4);
      expect(column.bottoms[4]).toBe(10);
      [column.top, ...column.bottoms].reduce((above, z) => {
        expect(z).toBeLessThanOrEqual(above);
        return z;
      });
    }
  });
  it('finds the layer of a height', () => {
    expect(model.layerAt(0, 0, 101)).toBe(-1);
    expect(model.layerAt(0, 0, 99)).toBe(0);
    expect(model.layerAt(0, 0, 90)).toBe(3);
    expect(model.layerAt(0, 0, 12)).toBe(4);
  });
  it('draws the water table where it is known', () => {
    expect(model.column(50, 50).water).toBe(NO_WATER);
    const head: Grid = { ...strataGrid(), bands: [new Float32Array([97, 99, NaN, 97, 99, NaN])] };
    model.setWater(head);
    expect(model.column(50, 50).water).toBeCloseTo(98, 4);
    expect(model.column(150, 50).water).toBe(NO_WATER);
    model.setWater(null);
  });
  it('builds one strip per layer with heights that meet', () => {
    const face = buildFace(model, [[0, 50], [60, 50], [120, 50]]);
    expect(face.positions.length).toBe(3 * 5 * 2 * 3);
    expect(face.indices.length).toBe(2 * 5 * 6);
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k + 1 < 5; k++) {
        const bottom = face.positions[((i * 5 + k) * 2 + 1) * 3 + 2];
        const top = face.positions[(i * 5 + k + 1) * 2 * 3 + 2];
        expect(bottom).toBe(top);
      }
    }
    expect(face.info[(2 * 5) * 2 * 4]).toBeCloseTo(120);
    // The ground stands with every vertex: what is dissolved is known by depth below it.
    for (let i = 0; i < 3; i++) {
      for (let k = 0; k < 5; k++) expect(face.doubt[(i * 5 + k) * 8 + 3]).toBeCloseTo(face.positions[i * 5 * 2 * 3 + 2] ?? NaN, 3);
    }
  });
  it('knows patterns by the name of the layer', () => {
    expect(LAYERS.map(patternOf)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('cut', () => {
  it('runs from rim to rim through both places', () => {
    expect(chordOf({ a: [10, 50], b: [20, 50] }, [0, 0, 100, 100])).toEqual([[0, 50], [100, 50]]);
    const slant = chordOf({ a: [0, 0], b: [1, 1] }, [0, 0, 100, 50]);
    expect(slant?.[1][0]).toBeCloseTo(50);
    expect(chordOf({ a: [0, 200], b: [10, 200] }, [0, 0, 100, 100])).toBeNull();
    expect(chordOf({ a: [5, 5], b: [5, 5] }, [0, 0, 100, 100])).toBeNull();
  });
});

describe('draped lines', () => {
  it('follow the ground within half a metre and leave out straight runs', () => {
    const ground = (x: number): number => (x < 500 ? 10 : 10 + 15 * Math.sin((x - 500) / 40));
    const line = drape([[0, 0], [1000, 0]], ground, false, 9, 0);
    expect(line.length).toBeLessThan(80);
    expect(line.filter((p) => p[0] < 480).length).toBeLessThan(4);
    for (let i = 0; i + 1 < line.length; i++) {
      const [p, q] = [line[i], line[i + 1]];
      if (!p || !q) continue;
      const middle = (p[0] + q[0]) / 2;
      expect(Math.abs((p[2] + q[2]) / 2 - ground(middle))).toBeLessThan(0.5);
    }
  });
});

describe('solids', () => {
  it('face outwards whichever way the ring turns', () => {
    const ring = rectangle(50, -20, 30, 12, 0.4);
    for (const given of [ring, [...ring].reverse()]) {
      const geometry = new SolidBuilder().prism(given, 5, 9, 0xffffff, 0xffffff, 0).geometry();
      const [p, index] = [geometry.getAttribute('position').array, geometry.index?.array ?? []];
      for (let f = 0; f < index.length; f += 3) {
        const [a, b, c] = [0, 1, 2].map((k) => [0, 1, 2].map((axis) => p[(index[f + k] ?? 0) * 3 + axis] ?? 0)) as [number[], number[], number[]];
        const side = (axis: number, s: number[], e: number[]): number => (e[axis] ?? 0) - (s[axis] ?? 0);
        const n = [
          side(1, a, b) * side(2, a, c) - side(2, a, b) * side(1, a, c), side(2, a, b) * side(0, a, c) - side(0, a, b) * side(2, a, c),
          side(0, a, b) * side(1, a, c) - side(1, a, b) * side(0, a, c),
        ];
        const out = [(a[0] ?? 0) - 50, (a[1] ?? 0) + 20, (a[2] ?? 0) - 9.5];
        expect((n[0] ?? 0) * (out[0] ?? 0) + (n[1] ?? 0) * (out[1] ?? 0) + (n[2] ?? 0) * (out[2] ?? 0)).toBeGreaterThan(0);
      }
    }
  });
});

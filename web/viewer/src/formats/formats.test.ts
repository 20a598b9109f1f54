import { describe, expect, it } from 'vitest';
import { FormatError, undelta } from './delta';
import { decodeGrid, sampleGrid } from './grid';
import { parseScene } from './scene';
import { decodeTin } from './tin';
import { concentration, decodeVolume, filledCells } from './volume';

// Written by twin.stage.encode, so that both ends of the wire are held to the same bytes.
const TIN = 'VFdUMQQAAAACAAAAAAAAAAAAIEGkAKQ5AAAAAAAAAAAAAP//AQD//wAAAAD//wAAAADgfBqcBecAAAAAAQAAAAIAAAD9////AwAAAP////8=';
const GRID = 'VFdHMQMAAgACAAAAAAAgwQAAoMEAAKBAAADgQHteVu6hAQAAAABAwCABEDkAAAAAxnFyHHEcG8fkOP//VVUAAAAA4ziP447j';
const VOLUME = 'VFdWMQQAAgACAAEBAACgwAAAwEAAAAAAAAAgQQAAoEEAAEBAX3CJMBe30TjIX1buoQEAAAAAAAAAAAAAAAAAAAAAAAAANGVmAACKdgAAAAA=';

function bytes(base64: string): ArrayBuffer {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
}

describe('delta', () => {
  it('wraps like the encoder', () => {
    const values = new Uint16Array([5, 65535, 65530, 0]);
    undelta(values);
    expect([...values]).toEqual([5, 4, 65534, 65534]);
  });
});

describe('TIN', () => {
  it('gives back places and triangles of the Python encoder', () => {
    const tin = decodeTin(bytes(TIN), [-100, -50, 100, 50]);
    expect([...tin.indices]).toEqual([0, 1, 3, 0, 3, 2]);
    const expected = [-100, -50, 10, 100, -50, 20, -100, 50, 12, 100, 50, 30.5];
    expected.forEach((value, i) => { expect(tin.positions[i]).toBeCloseTo(value, 2); });
  });
  it('refuses short, foreign and inconsistent files', () => {
    expect(() => decodeTin(bytes(TIN).slice(0, 60), [-100, -50, 100, 50])).toThrow(FormatError);
    expect(() => decodeTin(bytes(GRID), [-100, -50, 100, 50])).toThrow(/magic is "TWG1"/);
    const bad = bytes(TIN);
    new DataView(bad).setUint32(56, 9, true);
    expect(() => decodeTin(bad, [-100, -50, 100, 50])).toThrow(/names vertex/);
  });
});

describe('grid', () => {
  const grid = decodeGrid(bytes(GRID));
  it('gives back bands, place and time of the Python encoder', () => {
    expect([grid.nx, grid.ny, grid.x0, grid.y0, grid.dx, grid.dy, grid.time_ms]).toEqual([3, 2, -10, -20, 5, 7, 1795000000123]);
    [1, 2, 3, 4, NaN, 6].forEach((value, i) => {
      if (Number.isNaN(value)) expect(grid.bands[0]?.[i]).toBeNaN();
      else expect(grid.bands[0]?.[i]).toBeCloseTo(value, 3);
    });
    expect(grid.bands[1]?.[5]).toBeCloseTo(-3, 3);
  });
  it('samples between nodes, at the rim, and not where a value is missing', () => {
    expect(sampleGrid(grid, 1, -5, -13)).toBeCloseTo(-2, 3);
    expect(sampleGrid(grid, 1, -7.5, -16.5)).toBeCloseTo(-0.75, 3);
    expect(sampleGrid(grid, 1, 99, 99)).toBeCloseTo(-3, 3);
    expect(sampleGrid(grid, 1, 99, 99, false)).toBeNaN();
    expect(sampleGrid(grid, 0, -7.5, -16.5)).toBeNaN();
  });
});

describe('volume', () => {
  const volume = decodeVolume(bytes(VOLUME));
  it('gives back concentrations of the Python encoder within half a level', () => {
    expect([volume.nx, volume.ny, volume.nz, volume.aboveGround, volume.time_ms]).toEqual([4, 2, 2, true, 1795000000456]);
    const row = [...volume.codes.subarray(4, 8)].map((code) => concentration(volume, code));
    [0, 1e-8, 1e-6, 1e-4].forEach((value, i) => {
      if (value === 0) expect(row[i]).toBe(0);
      else expect((row[i] ?? 0) / value).toBeCloseTo(1, 1);
    });
  });
  it('knows which cells hold anything', () => {
    expect(filledCells(volume)).toEqual({ lo: [1, 0, 0], hi: [4, 2, 2] });
    expect(filledCells(volume, 255)).toEqual({ lo: [3, 1, 0], hi: [4, 2, 1] });
    const empty = bytes(VOLUME);
    new Uint8Array(empty, 64).fill(0);
    expect(filledCells(decodeVolume(empty))).toBeNull();
  });
});

describe('scene', () => {
  const least = { schema: 'twin-scene/1', extent: [0, 0, 1, 1], z_range: [0, 1], terrain: { url: 't' }, heights: { url: 'h' } };
  it('fills lists that are absent', () => {
    const doc = parseScene(least);
    expect(doc.beams).toEqual([]);
    expect(doc.ground).toBeNull();
    expect(doc.crs.convergence_deg).toBe(0);
  });
  it('names what is wrong', () => {
    expect(() => parseScene({ ...least, schema: 'x' })).toThrow(/schema is x/);
    expect(() => parseScene({ ...least, extent: [0, 0, 0, 1] })).toThrow(/extent is empty/);
    expect(() => parseScene({ ...least, extent: [0, 0, 'a', 1] })).toThrow(/extent is not 4 numbers/);
    expect(() => parseScene({ ...least, wells: {} })).toThrow(/wells is not a list/);
    expect(() => parseScene(null)).toThrow(FormatError);
  });
});

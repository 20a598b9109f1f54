import { describe, expect, it } from 'vitest';
import { defaultMode, readAddress, writeAddress } from '../src/address';
import { columnsFor } from '../src/modes/columns';
import { firstLayers } from '../src/stores/stores';

describe('the view in the address', () => {
  it('comes back as it was written', () => {
    const layers = new Map(firstLayers());
    layers.set('plume', { visible: false, opacity: 1 });
    layers.set('terrain', { visible: true, opacity: 0.4 });
    layers.set('grid', { visible: true, opacity: 1 });
    const view = {
      mode: 'wall' as const, language: 'en' as const, tier: 'lite' as const, layers,
      camera: { target: [1.5, -2, 3] as const, position: [100, 200, 300.2] as const }, selected: { kind: 'beam' as const, id: 'FB1-B03' },
      section: { a: [0, 1] as const, b: [10, 20] as const }, exaggeration: 2.5, at: 1_795_000_000_000, window_h: 24, substance: 'hf',
    };
    expect(readAddress(writeAddress(view))).toEqual(view);
  });

  it('is short when nothing was changed', () => {
    const text = writeAddress({ ...readAddress(''), mode: 'desk', language: 'zh', window_h: 6 });
    expect(text).toBe('?mode=desk&lang=zh&hours=6');
  });

  it.each(['?cam=1,2,3', '?cam=a,b,c,d,e,f', '?mode=cinema&lang=fr&tier=ultra', '?sel=dragon:1', '?sel=beam:', '?cut=1,2', '?ex=99&at=-4&layers=moon:1,plume:7,plume'])(
    'takes nothing from %s', (search) => {
      const view = readAddress(search);
      expect([view.camera, view.selected, view.section, view.at, view.mode, view.language, view.tier]).toEqual([null, null, null, null, null, null, null]);
      expect(view.exaggeration).toBeLessThanOrEqual(5);
      expect(view.layers).toEqual(firstLayers());
    });

  it('chooses the wall for walls', () => {
    expect([defaultMode(3840, 1080), defaultMode(1920, 1080), defaultMode(1366, 768), defaultMode(1440, 900)]).toEqual(['wall', 'wall', 'desk', 'desk']);
    expect([columnsFor(1920, 1080), columnsFor(3840, 1080), columnsFor(5760, 1080), columnsFor(3840, 2160)]).toEqual([1, 2, 3, 1]);
  });
});

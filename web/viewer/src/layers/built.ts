import { Group } from 'three';
import type { SceneDoc, UnitDoc } from '../formats/scene';
import type { Shared } from '../scene/shared';
import type { Layer } from './layer';
import { Mode, RibbonBatch } from './ribbons';
import { Pattern, SolidBuilder, type SolidLayer } from './solids';

export type Ground = (x: number, y: number) => number | null;

const WALLS = [0xaebccb, 0xb9c2cd, 0xa2b3c4, 0xc3c8ce] as const;
const ROOFS = [0xc6d3de, 0x9fb8cf, 0xb4c1cc, 0x8fb0cc] as const;

/** Buildings: merged prisms with windows and a fine light line round each roof. */
export class BuildingsLayer implements Layer {
  readonly object = new Group();
  readonly solids: SolidLayer;
  private readonly edges: RibbonBatch;

  constructor(shared: Shared, doc: SceneDoc) {
    const builder = new SolidBuilder();
    this.edges = new RibbonBatch(shared, 256, { order: 6, pull: 0.9992 });
    doc.buildings.forEach((building, i) => {
      const pick = (i * 7 + building.ring.length) % 4;
      const tall = /office|control|lab|dorm|admin|canteen|residen|fire/i.test(building.kind);
      builder.prism(
        building.ring, building.base - 1.5, building.height + 1.5, WALLS[pick] ?? WALLS[0], ROOFS[pick] ?? ROOFS[0],
        tall ? Pattern.floors : Pattern.hall,
      );
      const top = building.base + building.height;
      const rim = building.ring.map(([x, y]) => [x, y, top] as const);
      this.edges.path(rim, { width: 0.25, least: 1, mode: Mode.plain }, { colour: 0xd5efff, alpha: 0.34 }, true);
    });
    this.edges.commit();
    this.solids = builder.build(shared);
    this.object.add(this.solids.object, this.edges.mesh);
  }

  setVisible(visible: boolean, opacity: number): void {
    this.object.visible = visible;
    this.solids.setVisible(visible, opacity);
    this.edges.setOpacity(opacity);
  }

  dispose(): void {
    this.solids.dispose();
    this.edges.dispose();
  }
}

/** Storage tanks with shallow domes. */
export function buildTanks(shared: Shared, doc: SceneDoc): SolidLayer {
  const builder = new SolidBuilder();
  for (const tank of doc.tanks) {
    const pattern = { pattern: Pattern.tank, segments: shared.tier === 'full' ? 32 : 16 };
    builder.cylinder(tank.x, tank.y, tank.base - 1, tank.radius * 1.18, 1.5, 0x77828d, { segments: 12 });
    builder.cylinder(tank.x, tank.y, tank.base - 1, tank.radius, tank.height + 1, 0xdfe7ee, {
      ...pattern, dome: tank.radius * 0.24,
    });
  }
  return builder.build(shared);
}

/** Process units: a form per kind of unit, sized by its height. */
export function buildUnits(shared: Shared, doc: SceneDoc, ground: Ground): SolidLayer {
  const builder = new SolidBuilder();
  for (const unit of doc.units) {
    const base = (ground(unit.x, unit.y) ?? unit.z - unit.height) - 0.5;
    raiseUnit(builder, unit, base, Math.max(unit.height, unit.z - base, 3));
  }
  return builder.build(shared);
}

function raiseUnit(builder: SolidBuilder, unit: UnitDoc, base: number, height: number): void {
  const { x, y } = unit;
  if (/stack|flare|chimney|vent|scrub/i.test(unit.kind)) {
    builder.cylinder(x, y, base, 2.2, height, 0xd7dde3, { top: 1.3, segments: 10, pattern: Pattern.tank });
    builder.box(x, y, base, [8, 8, 2], 0.3, 0x77828d, 0x8d98a3);
  } else if (/water|basin|pond|treat|sewage/i.test(unit.kind)) {
    builder.cylinder(x - 9, y, base, 8, 2.5, 0x9aa7b3, { segments: 16 });
    builder.cylinder(x + 9, y, base, 8, 2.5, 0x9aa7b3, { segments: 16 });
    builder.box(x, y + 12, base, [12, 6, 5], 0, 0xa2b3c4, 0xb4c1cc, Pattern.floors);
  } else if (/load|rack|truck|rail/i.test(unit.kind)) {
    for (const k of [-1, 0, 1]) builder.box(x + k * 8, y, base, [1, 1, 6], 0, 0x8fa3b5);
    builder.box(x, y, base + 6, [22, 7, 0.8], 0, 0x8fa3b5, 0xb4c1cc);
  } else if (/tank|storage|vessel|sphere|cylinder/i.test(unit.kind)) {
    builder.cylinder(x, y, base, Math.min(5, height * 0.5), height, 0xdfe7ee, { dome: 1.4, pattern: Pattern.tank });
  } else {
    const deck = Math.min(height * 0.55, 14);
    for (const [u, v] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
      builder.box(x + u * 6, y + v * 4, base, [0.8, 0.8, deck], 0, 0x7f93a6);
    }
    for (const share of [0.5, 1]) builder.box(x, y, base + deck * share, [13, 9, 0.6], 0, 0x8fa3b5, 0xa6b6c4);
    builder.cylinder(x - 3, y, base, 1.7, height, 0xd2dae2, { dome: 1.2, segments: 12, pattern: Pattern.tank });
    builder.cylinder(x + 3.2, y + 1, base, 1.2, height * 0.8, 0xc7d0d9, { dome: 0.8, segments: 10, pattern: Pattern.tank });
    builder.cylinder(x + 2.5, y - 2, base + deck, 1.6, 3, 0xbfc9d3, { dome: 0.7, segments: 10 });
  }
}

/** Villages: a few houses by the number of people, placed by a fixed rule. */
export function buildSettlements(shared: Shared, doc: SceneDoc, ground: Ground): SolidLayer {
  const builder = new SolidBuilder();
  doc.settlements.forEach((village, v) => {
    const houses = Math.min(36, Math.max(6, Math.round(village.people / 8)));
    for (let i = 0; i < houses; i++) {
      const angle = i * 2.39996 + v;
      const reach = 15 + 13.5 * Math.sqrt(i) * (0.9 + 0.2 * Math.sin(i * 5.1 + v));
      const [x, y] = [village.x + reach * Math.cos(angle) * 1.35, village.y + reach * Math.sin(angle) * 0.8];
      const base = ground(x, y);
      if (base === null) continue;
      const turn = 0.35 * Math.sin(i * 3.7 + v) + (i % 3 === 0 ? Math.PI / 2 : 0);
      const size = [10 + (i % 4) * 1.6, 7 + (i % 3), 5.5 + (i % 2) * 2.6] as const;
      const roof = [0x5d6b7d, 0x6f6a6c, 0x75604f, 0x54677c][(i * 5 + v) % 4] ?? 0x5d6b7d;
      builder.house(x, y, base - 0.8, size, turn, 0xc9c6bd, roof);
    }
  });
  return builder.build(shared);
}

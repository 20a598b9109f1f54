import type { Rect } from '../contract';

export interface Placement {
  readonly left: number;
  readonly top: number;
  readonly stem: number;
  readonly stemX: number;
  readonly slot: number;
}

export interface LabelBox {
  readonly id: string;
  /** Pixel that the label points at. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly priority: number;
  /** Where it stood in the last frame: tried first, so that labels keep still. */
  readonly before: Placement | null;
  /** Lies on its place, without a stem. */
  readonly flat?: boolean;
}


/** Share of the width at which the stem leaves the box, and rows of height that it is lifted. */
const SLOTS = [[0.5, 0], [0.14, 0], [0.86, 0], [0.5, 1], [0.14, 1], [0.86, 1], [0.5, 2], [0.14, 2], [0.86, 2]] as const;
const STEM = 16;
const GAP = 3;
/** Labels take at most this share of the picture, alarms apart; more cannot be read and hides the park. */
const MOST_SHARE = 0.11;
/** From here on a label speaks of an alarm or of what is chosen. */
const ALWAYS = 200;

/**
 * Greedy placement by priority: a label takes its first free slot, or is left out. No two placed
 * boxes overlap, no stem runs over a box, and every placed box lies inside the picture and off the obstacles.
 */
export function placeLabels(boxes: readonly LabelBox[], width: number, height: number, obstacles: readonly Rect[] = []): Map<string, Placement> {
  const placed = new Map<string, Placement>();
  const taken: Rect[] = [...obstacles];
  let room = MOST_SHARE * width * height;
  const stems: Rect[] = [];
  const order = [...boxes].sort((p, q) => q.priority - p.priority || (p.id < q.id ? -1 : 1));
  for (const box of order) {
    if (box.width <= 0 || box.x < 0 || box.y < 0 || box.x > width || box.y > height) continue;
    if (box.priority < ALWAYS && room < box.width * box.height) continue;
    const slots = box.flat ? [0] : box.before ? [box.before.slot, ...SLOTS.keys()] : SLOTS.keys();
    for (const slot of slots) {
      const at = inSlot(box, slot);
      const right = at.left + box.width;
      const bottom = at.top + box.height;
      if (at.left < 0 || at.top < 0 || right > width || bottom > height) continue;
      const body: Rect = [at.left, at.top, right, bottom];
      const stem: Rect = [box.x - 1, bottom, box.x + 1, box.y];
      if (taken.some((other) => meet(body, other, GAP) || meet(stem, other, 1))) continue;
      if (stems.some((other) => meet(body, other, 1))) continue;
      room -= box.width * box.height;
      taken.push(body);
      stems.push(stem);
      placed.set(box.id, at);
      break;
    }
  }
  return placed;
}

function meet(p: Rect, q: Rect, gap: number): boolean {
  return p[0] < q[2] + gap && p[2] > q[0] - gap && p[1] < q[3] + gap && p[3] > q[1] - gap;
}

function inSlot(box: LabelBox, slot: number): Placement {
  if (box.flat) return { left: box.x - box.width / 2, top: box.y - box.height / 2, stem: 0, stemX: Math.round(box.width / 2), slot: 0 };
  const [share, rows] = SLOTS[slot] ?? SLOTS[0];
  const stem = STEM + rows * (box.height + GAP + 1);
  const stemX = Math.round(box.width * share);
  return { left: box.x - stemX, top: box.y - stem - box.height, stem, stemX, slot };
}

/** Tells the 3D world what lies over its picture, so that labels stay clear of it. */

import type { Rect, World } from '../contract';
import { effect, untracked, type Readable } from '../stores/signal';

const OVER = '.toolbar, .toolbox, .legend, .water-dock, .compass, .detail, .notice, .scale-bar, .ribbon, .message, .forecast-badge, .forecast-gone';
const SETTLE_MS = 150;

function rects(root: HTMLElement, canvas: HTMLElement): readonly Rect[] {
  const at = canvas.getBoundingClientRect();
  return [...root.querySelectorAll<HTMLElement>(OVER)].flatMap((element): Rect[] => {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) return [];
    return [[Math.floor(box.left - at.left), Math.floor(box.top - at.top), Math.ceil(box.right - at.left), Math.ceil(box.bottom - at.top)]];
  });
}

/** Looks again whenever something over the picture appears, goes or changes its size; `late`: code that came with more of it. */
export function keepLabelsClear(root: HTMLElement, canvas: HTMLElement, world: Readable<World | null>, late: Readable<unknown>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => world.peek()?.setObstacles(rects(root, canvas)), SETTLE_MS);
  };
  const sizes = new ResizeObserver(look);
  const watch = (): void => {
    sizes.disconnect();
    sizes.observe(canvas);
    for (const element of root.querySelectorAll(OVER)) sizes.observe(element);
    look();
  };
  new MutationObserver(watch).observe(root, { childList: true });
  effect(() => {
    late.get();
    // After those who show what has come.
    if (world.get()) setTimeout(() => untracked(watch));
  });
}

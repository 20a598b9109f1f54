/** One, two or three columns of panels on each side, by the shape of the screen. */
export function columnsFor(width_px: number, height_px: number): 1 | 2 | 3 {
  const ratio = width_px / Math.max(1, height_px);
  if (ratio >= 4.4) return 3;
  return ratio >= 2.9 ? 2 : 1;
}

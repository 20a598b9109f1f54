type Point2 = readonly [number, number];

/** Ray casting; points on the edge may fall either way. */
export function insideRing(ring: readonly Point2[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [p, q] = [ring[i], ring[j]];
    if (!p || !q) continue;
    if (p[1] > y !== q[1] > y && x < ((q[0] - p[0]) * (y - p[1])) / (q[1] - p[1]) + p[0]) inside = !inside;
  }
  return inside;
}

/** Shortest distance from a place to a line of segments. */
export function distanceToLine(line: readonly Point2[], x: number, y: number): number {
  let best = Infinity;
  for (let i = 0; i + 1 < line.length; i++) {
    const [p, q] = [line[i], line[i + 1]];
    if (p && q) best = Math.min(best, distanceToSegment(p, q, x, y).distance);
  }
  return best;
}

/** Distance to a segment and the share of the segment where it is nearest. */
export function distanceToSegment(p: Point2, q: Point2, x: number, y: number): { distance: number; share: number } {
  const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
  const square = dx * dx + dy * dy;
  const share = square > 0 ? Math.min(1, Math.max(0, ((x - p[0]) * dx + (y - p[1]) * dy) / square)) : 0;
  return { distance: Math.hypot(x - p[0] - dx * share, y - p[1] - dy * share), share };
}

/** Area of a ring, positive, square metres. */
export function ringArea(ring: readonly Point2[]): number {
  let twice = 0;
  for (let i = 0; i < ring.length; i++) {
    const [p, q] = [ring[i], ring[(i + 1) % ring.length]];
    if (p && q) twice += p[0] * q[1] - q[0] * p[1];
  }
  return Math.abs(twice) / 2;
}

import type { Extent, Tin } from '../formats/tin';

/** Vertices that a renderer is taken to remember while it goes through the triangles. */
const CACHE = 16;

/**
 * Puts triangles in an order that uses each vertex again while it is still remembered: linear-time
 * fanning after Sander, Nehab and Barczak (2007), "Fast triangle reordering for vertex locality and
 * reduced overdraw". Software rendering shades each vertex up to six times without it.
 */
export function reuseOrder(indices: Uint32Array, vertices: number): Uint32Array {
  const starts = new Uint32Array(vertices + 1);
  for (const v of indices) starts[v + 1] = (starts[v + 1] ?? 0) + 1;
  const live = starts.slice(1);
  for (let v = 0; v < vertices; v++) starts[v + 1] = (starts[v + 1] ?? 0) + (starts[v] ?? 0);
  const next = starts.slice();
  const fans = new Uint32Array(indices.length);
  indices.forEach((v, i) => {
    const at = next[v] ?? 0;
    next[v] = at + 1;
    fans[at] = Math.floor(i / 3);
  });
  const stamps = new Uint32Array(vertices);
  const done = new Uint8Array(indices.length / 3);
  const dead: number[] = [];
  const out = new Uint32Array(indices.length);
  let [written, time, cursor, fan] = [0, CACHE + 1, 0, indices[0] ?? 0];
  while (written < out.length) {
    const ring: number[] = [];
    for (let m = starts[fan] ?? 0; m < (starts[fan + 1] ?? 0); m++) {
      const triangle = fans[m] ?? 0;
      if (done[triangle]) continue;
      done[triangle] = 1;
      for (let k = 0; k < 3; k++) {
        const v = indices[triangle * 3 + k] ?? 0;
        out[written++] = v;
        dead.push(v);
        ring.push(v);
        live[v] = (live[v] ?? 1) - 1;
        if (time - (stamps[v] ?? 0) > CACHE) stamps[v] = time++;
      }
    }
    fan = bestOf(ring, live, stamps, time);
    while (fan < 0 && dead.length > 0) {
      const v = dead.pop() ?? 0;
      if ((live[v] ?? 0) > 0) fan = v;
    }
    while (fan < 0 && cursor < vertices) {
      if ((live[cursor] ?? 0) > 0) fan = cursor;
      else cursor++;
    }
    if (fan < 0) break;
  }
  return out;
}

/** The vertex of the last fan that will still be remembered after its own fan, oldest first. */
function bestOf(ring: readonly number[], live: Uint32Array, stamps: Uint32Array, time: number): number {
  let [best, priority] = [-1, -1];
  for (const v of ring) {
    const open = live[v] ?? 0;
    if (open === 0) continue;
    const age = time - (stamps[v] ?? 0);
    const worth = age + 2 * open <= CACHE ? age : 0;
    if (worth > priority) [best, priority] = [v, worth];
  }
  return best;
}

/** Triangles by the tile of the extent that holds their first corner; empty tiles are left out. */
export function tiles(tin: Tin, extent: Extent, columns: number, rows: number): Uint32Array[] {
  const [wide, high] = [(extent[2] - extent[0]) / columns, (extent[3] - extent[1]) / rows];
  const lists: number[][] = Array.from({ length: columns * rows }, () => []);
  for (let f = 0; f < tin.indices.length; f += 3) {
    const v = (tin.indices[f] ?? 0) * 3;
    const i = Math.min(columns - 1, Math.max(0, Math.floor(((tin.positions[v] ?? 0) - extent[0]) / wide)));
    const j = Math.min(rows - 1, Math.max(0, Math.floor(((tin.positions[v + 1] ?? 0) - extent[1]) / high)));
    lists[j * columns + i]?.push(tin.indices[f] ?? 0, tin.indices[f + 1] ?? 0, tin.indices[f + 2] ?? 0);
  }
  return lists.filter((list) => list.length > 0).map((list) => new Uint32Array(list));
}

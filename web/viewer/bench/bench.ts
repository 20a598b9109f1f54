/**
 * The 3D world alone, with a park's bundle under /scene/ and a plume at /plume.twv, for
 * tests/bench/viewer_frame.py. Address: ?tier=lite|full|auto and &view=overview or a bookmark of the scene.
 */
import type { CameraState, Tier, Vec3, World } from '../src/contract';
import type { SceneDoc } from '../src/formats/scene';
import { createWorld } from '../src/scene/world';

interface Bench {
  readonly world: World;
  /** Shows or hides the plume and the cut, then turns once round in `frames` painted frames. */
  turn(frames: number): Promise<void>;
  plume(on: boolean): Promise<void>;
  section(on: boolean): Promise<void>;
}

declare global {
  interface Window {
    bench?: Bench;
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

async function start(): Promise<void> {
  const tier = (new URLSearchParams(location.search).get('tier') ?? 'lite') as Tier | 'auto';
  const world = createWorld(element('canvas') as HTMLCanvasElement, element('labels'), { tier });
  const scene = (await (await fetch('/scene/scene.json')).json()) as SceneDoc & { bookmarks: { id: string; target: Vec3; position: Vec3 }[] };
  await world.load('/scene/', scene, () => undefined);
  const volume = await (await fetch('/plume.twv')).arrayBuffer();
  world.setPlume(volume);
  world.setBeams(scene.beams.map((beam, i) => ({ id: beam.id, level: (i % 8) / 8, stale: i % 9 === 4 })));
  world.setWind(scene.stations.flatMap((s) => (s.weather ? [{ id: s.id, at: [s.weather.x, s.weather.y, s.weather.z] as Vec3, speed_m_s: 3, from_deg: 270, stale: false }] : [])));
  world.setLabels(scene.beams.map((beam, i) => ({
    id: beam.id, at: beam.a.map((v, k) => (v + (beam.b[k] ?? v)) / 2) as unknown as Vec3, lines: [beam.id, '0.42 mg/m³'], tone: 'normal', priority: i,
  })));
  const wanted = new URLSearchParams(location.search).get('view') ?? 'fubao';
  const home = scene.bookmarks.find((row) => row.id === wanted);
  const view: CameraState = wanted === 'overview' ? world.overview() : home ? { target: home.target, position: home.position } : world.camera();
  world.setCamera(view, false);
  await world.painted();
  window.bench = {
    world,
    async turn(frames) {
      for (let i = 1; i <= frames; i++) {
        const angle = (0.5 * i) / frames;
        const [x, y] = [view.position[0] - view.target[0], view.position[1] - view.target[1]];
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        world.setCamera({ target: view.target, position: [view.target[0] + x * c - y * s, view.target[1] + x * s + y * c, view.position[2]] }, false);
        await world.painted();
      }
    },
    async plume(on) {
      world.setPlume(on ? volume : null);
      await world.painted();
    },
    async section(on) {
      const [x, y] = [view.target[0], view.target[1]];
      world.setSection(on ? { a: [x - 500, y], b: [x + 500, y] } : null);
      world.setExaggeration(on ? 2.5 : 1);
      await world.painted();
    },
  };
}

void start();

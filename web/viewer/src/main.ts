import './styles/main.css';
import { App, type MakeWorld } from './app';
import type { World } from './contract';

/** For tests and for whoever looks closer in the browser's console. */
interface ParkTwin {
  readonly world: World | null;
  readonly stores: App['stores'];
  readonly ready: Promise<void>;
  readonly timings: App['timings'];
}

declare global {
  interface Window {
    __parkTwin?: ParkTwin;
  }
}

/** The world's chunk is fetched beside the first data, not after them. */
const worldCode = import('./scene/world');
const makeWorld: MakeWorld = async (canvas, labels, tier) =>
  (await worldCode).createWorld(canvas, labels, { tier: tier ?? 'auto' });

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no #app');
const app = new App(root, makeWorld);
window.__parkTwin = {
  get world() {
    return app.world.peek();
  },
  stores: app.stores,
  ready: app.ready,
  timings: app.timings,
};
app.start();

/** The groundwater's part of the page, fetched after the first picture: its source, its world, its screens. */

import './styles/water.css';
import type { World } from './contract';
import { bindWater } from './bridge/water';
import type { Api } from './sources/api';
import { WaterSource } from './sources/water';
import type { Stores } from './stores/stores';
import type { WaterScreens } from './ui/context';
import { waterAlert, waterBanner } from './ui/water/alert';
import { waterBadge, waterDock } from './ui/water/dock';
import { waterBody } from './ui/water/panel';

export const waterScreens: WaterScreens = { body: waterBody, dock: waterDock, badge: waterBadge, alert: waterAlert, banner: waterBanner };

export function startWater(stores: Stores, api: Api, world: World | null): void {
  if (world) bindWater(stores, world);
  new WaterSource(stores, api).start();
}

/** The screens of the desk, in the order of the list at the left. */

import type { Desk } from '../context';
import type { Key } from '../i18n';
import { commands } from './commands';
import { conditions } from './conditions';
import { connections } from './connections';
import { devices } from './devices';
import { evidence } from './evidence';
import { forwarding } from './forwarding';
import { frames } from './frames';
import { reviews } from './reviews';
import { statistics } from './statistics';
import { upload } from './upload';

export const GROUPS = ['lines', 'values', 'acts', 'proof'] as const;

export interface Screen {
  readonly id: string;
  readonly group: (typeof GROUPS)[number];
  readonly title: Key;
  make(desk: Desk): HTMLElement;
}

export const SCREENS: readonly Screen[] = [
  { id: 'connections', group: 'lines', title: 'connections.title', make: connections },
  { id: 'devices', group: 'lines', title: 'devices.title', make: devices },
  { id: 'frames', group: 'lines', title: 'frames.title', make: frames },
  { id: 'forwarding', group: 'lines', title: 'forwarding.title', make: forwarding },
  { id: 'reviews', group: 'values', title: 'reviews.title', make: reviews },
  { id: 'statistics', group: 'values', title: 'statistics.title', make: statistics },
  { id: 'conditions', group: 'values', title: 'conditions.title', make: conditions },
  { id: 'commands', group: 'acts', title: 'commands.title', make: commands },
  { id: 'upload', group: 'acts', title: 'upload.title', make: upload },
  { id: 'evidence', group: 'proof', title: 'evidence.title', make: evidence },
];

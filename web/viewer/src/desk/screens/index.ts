/** The screens of the desk, in the order of the list at the left. */

import type { Desk } from '../context';
import type { Key } from '../i18n';
import { connections } from './connections';
import { frames } from './frames';

export const GROUPS = ['lines', 'values', 'acts', 'proof'] as const;

export interface Screen {
  readonly id: string;
  readonly group: (typeof GROUPS)[number];
  readonly title: Key;
  make(desk: Desk): HTMLElement;
}

export const SCREENS: readonly Screen[] = [
  { id: 'connections', group: 'lines', title: 'connections.title', make: connections },
  { id: 'frames', group: 'lines', title: 'frames.title', make: frames },
];

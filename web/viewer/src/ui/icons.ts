/** Line icons, 24 by 24, drawn with the colour of the text. */

import { s } from './dom';

const PATHS = {
  layers: 'M12 3 3 8l9 5 9-5-9-5ZM3 12.5l9 5 9-5M3 17l9 5 9-5',
  section: 'M3 6h18M3 11l6 2 5-2 7 3M3 17l7 2 5-2 6 1M12 2v20',
  measure: 'M3 16 16 3l5 5L8 21l-5-5ZM7 12l2 2M10 9l2 2M13 6l2 2',
  bookmark: 'M6 3h12v18l-6-4-6 4V3Z',
  home: 'M3 11 12 3l9 8M6 9v12h12V9',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18v.5',
  camera: 'M4 7h4l2-3h4l2 3h4v13H4V7ZM12 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 6 6l1-1',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  close: 'M5 5l14 14M19 5 5 19',
  play: 'M7 4v16l13-8L7 4Z',
  pause: 'M7 4v16M17 4v16',
  loop: 'M4 11a7 7 0 0 1 12-4l3 3M20 13a7 7 0 0 1-12 4l-3-3M19 5v5h-5M5 19v-5h5',
  back: 'M18 5v14L8 12l10-7ZM6 5v14',
  forward: 'M6 5v14l10-7L6 5ZM18 5v14',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14',
  wall: 'M3 5h18v11H3V5ZM9 20h6M12 16v4',
  desk: 'M5 5h14v10H5V5ZM2 19h20',
  gauge: 'M4 17a8 8 0 1 1 16 0M12 17l4-6M4 20h16',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  return s('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false' }, s('path', { d: PATHS[name] }));
}

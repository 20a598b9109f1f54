/** `#frames?mn=…&cn=2011`: which screen is open and what it shows, so that a link shows the same. */

export interface Route {
  readonly screen: string;
  readonly query: Readonly<Record<string, string>>;
}

export function readRoute(hash: string, screens: readonly string[]): Route {
  const text = hash.replace(/^#/, '');
  const cut = text.indexOf('?');
  const name = cut < 0 ? text : text.slice(0, cut);
  const query = Object.fromEntries(new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1)));
  return screens.includes(name) ? { screen: name, query } : { screen: screens[0] ?? '', query: {} };
}

export function writeRoute(route: Route): string {
  const entries = Object.entries(route.query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(entries).toString();
  return `#${route.screen}${text === '' ? '' : `?${text}`}`;
}

export function sameRoute(a: Route, b: Route): boolean {
  return writeRoute(a) === writeRoute(b);
}

/** What every screen is given. */

import type { DeskHttp } from '../sources/desk';
import type { Readable, Signal } from '../stores/signal';
import type { ParkInfo, SceneSeries, Text } from '../wire';
import type { Route } from './address';
import type { Role, Session } from './session';

/** The parts of scene.json that the desk reads. */
export interface Names {
  readonly series: ReadonlyMap<string, SceneSeries>;
  readonly places: ReadonlyMap<string, Text>;
  readonly formulas: ReadonlyMap<string, string>;
}

export interface Desk {
  readonly http: DeskHttp;
  readonly session: Session;
  /** The server's clock, ms; moves once a second. */
  readonly now_ms: Readable<number>;
  readonly park: Readable<ParkInfo | null>;
  readonly names: Readable<Names>;
  readonly route: Signal<Route>;
  /** Park time minus UTC. */
  offset_h(): number;
  /** A part of the address of the open screen; empty when it is not there. */
  param(name: string): string;
  /** Changes parts of the address without a new entry in the history. */
  setParams(params: Readonly<Record<string, string>>): void;
  go(screen: string, query?: Readonly<Record<string, string>>): void;
  /** Whether the operator may do what this role may; asks for the token when nobody is there. */
  may(role: Role): boolean;
  askToken(): void;
  /** A short message at the edge of the page. */
  say(text: () => string, tone?: 'good' | 'bad'): void;
}

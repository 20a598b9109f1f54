/**
 * The live line: one EventSource for the page. It comes back by itself, goes on from the last cursor,
 * and tells when it is silent for too long.
 */

import type { Device, Plume, Value, WaterTable } from '../wire';
import type { Forecast, NowCast } from '../wire_air';
import type { WaterHeard } from '../wire_water';
import { formatCursor, furthest, parseCursor, START, type Cursor } from './cursor';
import { withQuery } from './http';

export type StreamEvent =
  | { readonly kind: 'hello'; readonly now_ms: number }
  | { readonly kind: 'values'; readonly received_ms: number; readonly values: readonly Value[] }
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'plume'; readonly plume: Plume }
  | { readonly kind: 'watertable'; readonly watertable: WaterTable }
  | { readonly kind: 'nowcast'; readonly nowcast: NowCast }
  | { readonly kind: 'forecast'; readonly forecast: Forecast }
  | { readonly kind: 'water'; readonly water: WaterHeard }
  | { readonly kind: 'reset'; readonly reason: string };

export interface StreamHandler {
  event(event: StreamEvent, id: Cursor | null): void;
  opened(): void;
  lost(): void;
}

/** The part of EventSource that is used, so that tests can stand in for it. */
export interface Line {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Timers {
  after(ms: number, body: () => void): () => void;
}

export const realTimers: Timers = {
  after(ms, body) {
    const id = setTimeout(body, ms);
    return () => clearTimeout(id);
  },
};

const KINDS = ['hello', 'values', 'device', 'plume', 'watertable', 'nowcast', 'forecast', 'water', 'reset'] as const;
const CLOSED = 2;
/** Comments keep the line open but cannot be seen here; so a long silence is tried by opening anew. */
export const SILENCE_MS = 45_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

function readEvent(kind: (typeof KINDS)[number], text: string): StreamEvent | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof data !== 'object' || data === null) return null;
  const body = data as Record<string, unknown>;
  switch (kind) {
    case 'hello':
      return { kind, now_ms: Number(body['now_ms']) };
    case 'values':
      if (!Array.isArray(body['values'])) return null;
      return { kind, received_ms: Number(body['received_ms']), values: body['values'] as Value[] };
    case 'device':
      return { kind, device: data as Device };
    case 'plume':
      return { kind, plume: data as Plume };
    case 'watertable':
      return { kind, watertable: data as WaterTable };
    case 'nowcast':
      return { kind, nowcast: data as NowCast };
    case 'forecast':
      return { kind, forecast: data as Forecast };
    case 'water':
      return { kind, water: data as WaterHeard };
    case 'reset':
      return { kind, reason: String(body['reason'] ?? '') };
  }
}

export class Stream {
  private line: Line | null = null;
  private cursor: Cursor = START;
  private started = false;
  private wait_ms = FIRST_WAIT_MS;
  private stopRetry: (() => void) | null = null;
  private stopWatch: (() => void) | null = null;

  constructor(
    private readonly url: string,
    private readonly handler: StreamHandler,
    private readonly open: (url: string) => Line = (address) => new EventSource(address),
    private readonly timers: Timers = realTimers,
  ) {}

  /** Opens the line; `from` is where to go on, null to begin at the present. */
  start(from: Cursor | null = null): void {
    this.stop();
    if (from) {
      this.cursor = from;
      this.started = true;
    }
    this.connect();
  }

  /** Takes what `/state` holds as seen. */
  seen(cursor: Cursor): void {
    this.cursor = furthest(this.cursor, cursor);
    this.started = true;
  }

  /** Forgets the past: the server has begun to count anew. */
  forget(): void {
    this.cursor = START;
    this.started = false;
  }

  stop(): void {
    this.stopRetry?.();
    this.stopWatch?.();
    this.stopRetry = null;
    this.stopWatch = null;
    this.line?.close();
    this.line = null;
  }

  private connect(): void {
    const line = this.open(withQuery(this.url, { cursor: this.started ? formatCursor(this.cursor) : null }));
    this.line = line;
    line.onopen = () => {
      this.wait_ms = FIRST_WAIT_MS;
      this.watch();
      this.handler.opened();
    };
    line.onerror = () => this.broken(line);
    for (const kind of KINDS) {
      line.addEventListener(kind, (message) => this.message(line, kind, message));
    }
    this.watch();
  }

  private message(line: Line, kind: (typeof KINDS)[number], message: MessageEvent<string>): void {
    if (line !== this.line) return;
    this.watch();
    const event = readEvent(kind, message.data);
    if (!event) return;
    const id = parseCursor(message.lastEventId);
    this.handler.event(event, id);
    if (id && line === this.line && event.kind !== 'reset') {
      this.cursor = furthest(this.cursor, id);
      this.started = true;
    }
  }

  private broken(line: Line): void {
    if (line !== this.line) return;
    this.handler.lost();
    if (line.readyState === CLOSED) this.again();
  }

  private again(): void {
    this.stop();
    this.stopRetry = this.timers.after(this.wait_ms, () => this.connect());
    this.wait_ms = Math.min(this.wait_ms * 2, LONGEST_WAIT_MS);
  }

  private watch(): void {
    this.stopWatch?.();
    this.stopWatch = this.timers.after(SILENCE_MS, () => {
      this.handler.lost();
      this.again();
    });
  }
}

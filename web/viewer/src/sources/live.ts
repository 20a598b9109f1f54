/**
 * Fills the live store: opens the stream, waits for `hello`, fetches `/state`, then applies events that
 * the state does not hold yet. Nothing is lost between the two, and nothing is applied to an old state.
 */

import { untracked } from '../stores/signal';
import { fromState, grownSpan, heard, withDevice, withPlume, withValues, withWaterTable } from '../stores/snapshot';
import type { Stores } from '../stores/stores';
import type { State } from '../wire';
import type { Api } from './api';
import { ApiError } from './http';
import { isAhead, parseCursor, START, type Cursor } from './cursor';
import { realTimers, type Stream, type StreamEvent, type StreamHandler, type Timers } from './stream';

interface Held {
  readonly event: StreamEvent;
  readonly id: Cursor | null;
}

/** Told of every event that changed the live store, for the page's timings. */
export type Applied = (event: StreamEvent, id: Cursor | null, received_ms: number) => void;

const RETRY_MS = 3_000;

export class Live implements StreamHandler {
  private held: Held[] | null = [];
  private base: Cursor = START;
  private fetching = false;
  private stale = false;
  private stream: Stream | null = null;

  constructor(
    private readonly stores: Stores,
    private readonly api: Pick<Api, 'state'>,
    private readonly applied: Applied = () => undefined,
    private readonly timers: Timers = realTimers,
    private readonly clock: () => number = () => Date.now(),
  ) {}

  start(stream: Stream): void {
    this.stream = stream;
    stream.start();
  }

  opened(): void {
    if (this.held === null) this.linked('live');
  }

  lost(): void {
    this.linked('lost');
  }

  event(event: StreamEvent, id: Cursor | null): void {
    if (event.kind === 'hello') this.hello(event.now_ms);
    else if (event.kind === 'reset') this.reset();
    else if (this.held) this.held.push({ event, id });
    else this.apply(event, id);
  }

  private hello(now_ms: number): void {
    if (Number.isFinite(now_ms)) this.stores.offset_ms.set(now_ms - this.clock());
    if (this.held) void this.fetchState();
    else this.linked('live');
  }

  private reset(): void {
    this.held = this.held ?? [];
    this.stream?.forget();
    void this.fetchState();
  }

  private async fetchState(): Promise<void> {
    if (this.fetching) {
      this.stale = true;
      return;
    }
    this.fetching = true;
    try {
      let state: State;
      do {
        this.stale = false;
        state = await this.api.state();
      } while (this.stale);
      this.take(state);
    } catch (error) {
      this.linked('lost', error);
      this.timers.after(RETRY_MS, () => void this.fetchState());
    } finally {
      this.fetching = false;
    }
  }

  private take(state: State): void {
    this.base = parseCursor(state.cursor) ?? START;
    this.stream?.seen(this.base);
    this.stores.offset_ms.set(state.now_ms - this.clock());
    this.stores.live.set(fromState(state));
    if (state.span) this.stores.span.set(state.span);
    const waiting = this.held ?? [];
    this.held = null;
    for (const { event, id } of waiting) this.apply(event, id);
    this.linked('live');
  }

  private apply(event: StreamEvent, id: Cursor | null): void {
    if (event.kind !== 'device' && id && !isAhead(id, this.base)) return;
    const received_ms = performance.now();
    const { live, span } = this.stores;
    const before = untracked(() => live.peek());
    if (event.kind === 'values') live.set(heard(withValues(before, event.values), event.values, event.received_ms));
    else if (event.kind === 'device') live.set(withDevice(before, event.device));
    else if (event.kind === 'plume') live.set(withPlume(before, event.plume));
    else if (event.kind === 'watertable') live.set(withWaterTable(before, event.watertable));
    span.set(grownSpan(span.peek(), live.peek().data_ms));
    this.linked('live');
    this.applied(event, id, received_ms);
  }

  private linked(state: 'live' | 'lost', error: unknown = null): void {
    const present = this.stores.link.peek();
    const said = error instanceof ApiError ? { zh: error.zh, en: error.en } : null;
    if (present.state === state && said === null) return;
    const since_ms = present.state === state ? present.since_ms : this.clock();
    this.stores.link.set({ state, since_ms, error: said });
  }
}

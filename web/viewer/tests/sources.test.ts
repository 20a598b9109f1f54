import { describe, expect, it } from 'vitest';
import { ByteCache } from '../src/sources/cache';
import { furthest, isAhead, parseCursor } from '../src/sources/cursor';
import { ApiError, Http, withQuery } from '../src/sources/http';
import { Live } from '../src/sources/live';
import { SILENCE_MS, Stream, type Line, type StreamEvent, type Timers } from '../src/sources/stream';
import { makeStores } from '../src/stores/stores';
import type { State } from '../src/wire';
import { value } from './scene_fixture';

class FakeLine implements Line {
  readyState = 1;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  private readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  send(kind: string, id: string, data: unknown): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.listeners.get(kind)?.({ data: text, lastEventId: id } as MessageEvent<string>);
  }
}

class FakeTimers implements Timers {
  readonly waiting: { ms: number; body: () => void }[] = [];

  after(ms: number, body: () => void): () => void {
    const entry = { ms, body };
    this.waiting.push(entry);
    return () => {
      const at = this.waiting.indexOf(entry);
      if (at >= 0) this.waiting.splice(at, 1);
    };
  }

  fire(ms: number): void {
    const entry = this.waiting.find((one) => one.ms === ms);
    if (!entry) throw new Error(`nothing waits ${ms} ms; waiting: ${this.waiting.map((one) => one.ms).join(', ')}`);
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    entry.body();
  }
}

const state = (cursor: string, ...values: State['values']): State => ({
  cursor, at: null, now_ms: 5000, data_ms: 1000, values, devices: [], plumes: [], watertable: null, span: { from_ms: 1, to_ms: 2 },
});

const settle = async (): Promise<void> => {
  for (let i = 0; i < 8; i += 1) await Promise.resolve();
};

function rig(answers: (() => Promise<State>)[]) {
  const stores = makeStores();
  const timers = new FakeTimers();
  const lines: FakeLine[] = [];
  const applied: StreamEvent['kind'][] = [];
  let asked = 0;
  const api = {
    state: (): Promise<State> => {
      const answer = answers[asked];
      asked += 1;
      if (!answer) throw new Error('asked for the state too often');
      return answer();
    },
  };
  const live = new Live(stores, api, (event) => applied.push(event.kind), timers, () => 4000);
  const stream = new Stream('/stream', live, (url) => {
    const line = new FakeLine(url);
    lines.push(line);
    return line;
  }, timers);
  live.start(stream);
  const last = (): FakeLine => lines[lines.length - 1] as FakeLine;
  return { stores, timers, lines, applied, last, asked: () => asked };
}

describe('cursor', () => {
  it('reads pairs and nothing else', () => {
    expect(parseCursor('12.7')).toEqual([12, 7]);
    for (const bad of ['', '12', '1.2.3', 'a.b', '-1.2', '1e3.4']) expect(parseCursor(bad)).toBeNull();
  });

  it('is ahead when either number is', () => {
    expect(isAhead([2, 5], [2, 5])).toBe(false);
    expect(isAhead([3, 1], [2, 5])).toBe(true);
    expect(isAhead([1, 6], [2, 5])).toBe(true);
    expect(furthest([3, 1], [2, 5])).toEqual([3, 5]);
  });
});

describe('the gapless start', () => {
  it('holds events until the state is there and applies only what it lacks', async () => {
    let answer: (state: State) => void = () => undefined;
    const { stores, last, applied } = rig([() => new Promise((resolve) => {
      answer = resolve;
    })]);
    last().send('hello', '10.2', { now_ms: 5000 });
    last().send('values', '11.2', { received_ms: 1, values: [value('a/x', 1, { t: 10 })] });
    last().send('values', '13.2', { received_ms: 1, values: [value('a/x', 3, { t: 30 })] });
    expect(stores.live.peek().values.size).toBe(0);
    answer(state('12.2', value('a/x', 2, { t: 20 }), value('b/x', 9)));
    await settle();
    expect(stores.live.peek().values.get('a/x')?.v).toBe(3);
    expect(stores.live.peek().values.get('b/x')?.v).toBe(9);
    expect(applied).toEqual(['values']);
    expect(stores.link.peek().state).toBe('live');
    expect(stores.offset_ms.peek()).toBe(1000);
  });

  it('asks once for the state and not again at a reconnect', async () => {
    const { last, asked } = rig([() => Promise.resolve(state('1.1'))]);
    last().send('hello', '1.1', { now_ms: 1 });
    await settle();
    last().send('hello', '1.1', { now_ms: 2 });
    await settle();
    expect(asked()).toBe(1);
  });

  it('says that the line is lost when the state cannot be had, and tries again', async () => {
    const { stores, timers, last } = rig([() => Promise.reject(new ApiError(503, 'x', 'no', '不', null)), () => Promise.resolve(state('1.1'))]);
    last().send('hello', '1.1', { now_ms: 1 });
    await settle();
    expect(stores.link.peek()).toMatchObject({ state: 'lost', error: { zh: '不', en: 'no' } });
    timers.fire(3000);
    await settle();
    expect(stores.link.peek().state).toBe('live');
  });

  it('fetches the state anew after a reset and forgets the old cursor', async () => {
    const { stores, last, lines, timers } = rig([() => Promise.resolve(state('500.9', value('a/x', 1, { t: 50 }))), () => Promise.resolve(state('3.0', value('a/x', 7, { t: 5 })))]);
    last().send('hello', '500.9', { now_ms: 1 });
    await settle();
    last().send('reset', '3.0', { reason: 'too old' });
    await settle();
    expect(stores.live.peek().values.get('a/x')?.v).toBe(7);
    last().send('values', '4.0', { received_ms: 1, values: [value('a/x', 8, { t: 6 })] });
    expect(stores.live.peek().values.get('a/x')?.v).toBe(8);
    last().readyState = 2;
    last().onerror?.(new Event('error'));
    timers.fire(1000);
    expect(lines[lines.length - 1]?.url).toBe('/stream?cursor=4.0');
  });
});

describe('the live line', () => {
  it('goes on from the last cursor after it was closed', async () => {
    const { stores, timers, last, lines } = rig([() => Promise.resolve(state('5.1'))]);
    expect(last().url).toBe('/stream');
    last().send('hello', '5.1', { now_ms: 1 });
    await settle();
    last().send('values', '8.1', { received_ms: 1, values: [] });
    last().readyState = 2;
    last().onerror?.(new Event('error'));
    expect(stores.link.peek().state).toBe('lost');
    timers.fire(1000);
    expect(lines).toHaveLength(2);
    expect(last().url).toBe('/stream?cursor=8.1');
  });

  it('leaves reconnecting to the browser while the browser does it', () => {
    const { last, lines, stores } = rig([]);
    last().readyState = 0;
    last().onerror?.(new Event('error'));
    expect(stores.link.peek().state).toBe('lost');
    expect(lines).toHaveLength(1);
  });

  it('waits longer and longer, and fifteen seconds at most', () => {
    const { timers, last } = rig([]);
    for (const ms of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
      last().readyState = 2;
      last().onerror?.(new Event('error'));
      timers.fire(ms);
    }
  });

  it('opens anew after a long silence, since a dead line says nothing', async () => {
    const { timers, last, lines, stores } = rig([() => Promise.resolve(state('5.1'))]);
    last().send('hello', '5.1', { now_ms: 1 });
    await settle();
    timers.fire(SILENCE_MS);
    expect(stores.link.peek().state).toBe('lost');
    timers.fire(1000);
    expect(lines[0]?.closed).toBe(true);
    expect(last().url).toBe('/stream?cursor=5.1');
  });

  it('leaves out what it cannot read', async () => {
    const { last, stores, applied } = rig([() => Promise.resolve(state('1.1'))]);
    last().send('hello', '1.1', { now_ms: 1 });
    await settle();
    last().send('values', '2.1', '{broken');
    last().send('values', '3.1', { received_ms: 1 });
    last().send('values', '4.1', { received_ms: 1, values: [value('a/x', 1)] });
    expect(applied).toEqual(['values']);
    expect(stores.live.peek().values.size).toBe(1);
  });
});

describe('http', () => {
  it("turns the server's error shape into one error with both languages", async () => {
    const body = { ok: false, status: 422, code: 'bad', message: 'key is unknown', message_zh: '未知', field: 'key' };
    const http = new Http(() => Promise.resolve(new Response(JSON.stringify(body), { status: 422 })));
    await expect(http.json('/x')).rejects.toMatchObject({ status: 422, code: 'bad', en: 'key is unknown', zh: '未知', field: 'key' });
  });

  it('says so when nobody answers or the answer is no JSON', async () => {
    const dead = new Http(() => Promise.reject(new TypeError('refused')));
    await expect(dead.json('/x')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
    const proxy = new Http(() => Promise.resolve(new Response('<html>', { status: 502 })));
    await expect(proxy.json('/x')).rejects.toMatchObject({ status: 502, code: 'http' });
  });

  it('leaves nulls out of a query', () => {
    expect(withQuery('/x', { a: 1, b: null, c: 'é' })).toBe('/x?a=1&c=%C3%A9');
    expect(withQuery('/x', { a: null })).toBe('/x');
  });
});

describe('the cache of immutable frames', () => {
  it('asks once, forgets the oldest, and forgets failures', async () => {
    const asked: string[] = [];
    const cache = new ByteCache((url) => {
      asked.push(url);
      return url === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(new ArrayBuffer(1));
    }, 2);
    await cache.bytes('a');
    await cache.bytes('a');
    await cache.bytes('b');
    await cache.bytes('c');
    await cache.bytes('a');
    await expect(cache.bytes('bad')).rejects.toThrow('no');
    await expect(cache.bytes('bad')).rejects.toThrow('no');
    expect(asked).toEqual(['a', 'b', 'c', 'a', 'bad', 'bad']);
  });
});

/**
 * Small reactive values: a signal holds a value, an effect runs again when a signal that it read
 * has changed. Effects of one turn run together in a micro-task, each at most once.
 */

interface Source {
  readonly readers: Set<Effect>;
}

export interface Readable<T> {
  /** Value, and the running effect is told when it changes. */
  get(): T;
  /** Value without being told. */
  peek(): T;
}

export interface Signal<T> extends Readable<T> {
  set(value: T): void;
  /** Sets what `change` makes of the present value. */
  update(change: (value: T) => T): void;
}

let running: Effect | null = null;
let owner: Effect | null = null;
const waiting = new Set<Effect>();
let scheduled = false;

class Effect {
  private readonly reads = new Set<Source>();
  private readonly children: Effect[] = [];
  private readonly cleanups: (() => void)[] = [];
  private stopped = false;

  constructor(private readonly body: () => void, private readonly now: boolean) {
    owner?.children.push(this);
  }

  run(): void {
    if (this.stopped) return;
    this.clear();
    const before = running;
    const beforeOwner = owner;
    running = this;
    owner = this;
    try {
      this.body();
    } finally {
      running = before;
      owner = beforeOwner;
    }
  }

  reading(source: Source): void {
    this.reads.add(source);
    source.readers.add(this);
  }

  changed(): void {
    if (this.now) this.run();
    else schedule(this);
  }

  onStop(cleanup: () => void): void {
    this.cleanups.push(cleanup);
  }

  stop(): void {
    this.stopped = true;
    waiting.delete(this);
    this.clear();
  }

  private clear(): void {
    for (const source of this.reads) source.readers.delete(this);
    this.reads.clear();
    for (const child of this.children.splice(0)) child.stop();
    for (const cleanup of this.cleanups.splice(0)) cleanup();
  }
}

function schedule(effect: Effect): void {
  waiting.add(effect);
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(flush);
}

const MOST_ROUNDS = 100;

/** Runs all waiting effects now. One that fails does not keep the others from running. */
export function flush(): void {
  const failures: unknown[] = [];
  scheduled = true;
  for (let rounds = 0; waiting.size > 0; rounds += 1) {
    if (rounds > MOST_ROUNDS) {
      waiting.clear();
      failures.push(new Error('effects set each other off without end'));
    }
    const batch = [...waiting];
    waiting.clear();
    for (const effect of batch) tryRun(effect, failures);
  }
  scheduled = false;
  if (failures.length > 0) throw failures[0];
}

function tryRun(effect: Effect, failures: unknown[]): void {
  try {
    effect.run();
  } catch (error) {
    failures.push(error);
  }
}

export function signal<T>(initial: T, same: (a: T, b: T) => boolean = Object.is): Signal<T> {
  const source: Source = { readers: new Set() };
  let value = initial;
  return {
    get() {
      running?.reading(source);
      return value;
    },
    peek: () => value,
    set(next) {
      if (same(value, next)) return;
      value = next;
      for (const reader of [...source.readers]) reader.changed();
    },
    update(change) {
      this.set(change(value));
    },
  };
}

/** A value made of others; made anew only after one of them changed and somebody asks. */
export function computed<T>(make: () => T, same: (a: T, b: T) => boolean = Object.is): Readable<T> {
  const source: Source = { readers: new Set() };
  let value: T;
  let known = false;
  let fresh = false;
  const watcher = detached(() => {
    if (fresh) {
      fresh = false;
      for (const reader of [...source.readers]) reader.changed();
      return;
    }
    const next = make();
    fresh = true;
    if (known && same(value, next)) return;
    known = true;
    value = next;
  });
  const current = (): T => {
    if (!fresh) watcher.run();
    return value;
  };
  return {
    get() {
      running?.reading(source);
      return current();
    },
    peek: current,
  };
}

function detached(body: () => void): Effect {
  const before = owner;
  owner = null;
  const effect = new Effect(body, true);
  owner = before;
  return effect;
}

/** Runs `body` now and whenever a signal that it read has changed; returns the stop. */
export function effect(body: () => void): () => void {
  const made = new Effect(body, false);
  made.run();
  return () => made.stop();
}

/** Effects made inside `body` live until the returned stop is called, or the effect around them ends. */
export function scope(body: () => void): () => void {
  return effect(() => untracked(body));
}

/** The same, but they outlive the effect around them: only the returned stop ends them. */
export function freeScope(body: () => void): () => void {
  const before = owner;
  owner = null;
  try {
    return scope(body);
  } finally {
    owner = before;
  }
}

/** Reads without being told of changes. */
export function untracked<T>(body: () => T): T {
  const before = running;
  running = null;
  try {
    return body();
  } finally {
    running = before;
  }
}

/** Called when the running effect runs again or stops. */
export function onStop(cleanup: () => void): void {
  owner?.onStop(cleanup);
}

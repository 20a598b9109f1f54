import { describe, expect, it } from 'vitest';
import { computed, effect, flush, freeScope, onStop, scope, signal } from '../src/stores/signal';

describe('signals', () => {
  it('run an effect once for many changes of one turn', () => {
    const a = signal(1);
    const b = signal(1);
    const seen: number[] = [];
    effect(() => seen.push(a.get() + b.get()));
    a.set(2);
    b.set(3);
    flush();
    expect(seen).toEqual([2, 5]);
  });

  it('do not tell of a value that stays the same', () => {
    const a = signal(1);
    let runs = 0;
    effect(() => {
      a.get();
      runs += 1;
    });
    a.set(1);
    flush();
    expect(runs).toBe(1);
  });

  it('make a computed anew only when asked after a change', () => {
    const a = signal(2);
    let made = 0;
    const square = computed(() => {
      made += 1;
      return a.get() ** 2;
    });
    expect([square.peek(), square.peek(), made]).toEqual([4, 4, 1]);
    a.set(3);
    expect(made).toBe(1);
    expect([square.peek(), made]).toEqual([9, 2]);
  });

  it('carry changes through chains of computed values', () => {
    const a = signal(1);
    const b = computed(() => a.get() + 1);
    const c = computed(() => b.get() * 10);
    const seen: number[] = [];
    effect(() => seen.push(c.get()));
    a.set(2);
    flush();
    a.set(3);
    flush();
    expect(seen).toEqual([20, 30, 40]);
  });

  it('forget what is no longer read', () => {
    const which = signal(true);
    const a = signal('a');
    const b = signal('b');
    const seen: string[] = [];
    effect(() => seen.push(which.get() ? a.get() : b.get()));
    which.set(false);
    flush();
    a.set('A');
    flush();
    expect(seen).toEqual(['a', 'b']);
  });

  it('stop inner effects with the outer one, and clean up', () => {
    const a = signal(0);
    const log: string[] = [];
    const stop = scope(() => {
      effect(() => log.push(`in ${a.get()}`));
      onStop(() => log.push('bye'));
    });
    stop();
    a.set(1);
    flush();
    expect(log).toEqual(['in 0', 'bye']);
  });

  it('let a free scope outlive the effect around it', () => {
    const outer = signal(0);
    const inner = signal(0);
    const seen: number[] = [];
    let stopInner = (): void => undefined;
    const stop = effect(() => {
      if (outer.get() === 0) stopInner = freeScope(() => void effect(() => seen.push(inner.get())));
    });
    stop();
    inner.set(1);
    flush();
    expect(seen).toEqual([0, 1]);
    stopInner();
    inner.set(2);
    flush();
    expect(seen).toEqual([0, 1]);
  });

  it('run the other effects when one fails', () => {
    const a = signal(0);
    const seen: number[] = [];
    effect(() => {
      if (a.get() === 1) throw new Error('broken panel');
    });
    effect(() => seen.push(a.get()));
    a.set(1);
    expect(() => flush()).toThrow('broken panel');
    expect(seen).toEqual([0, 1]);
  });

  it('refuse effects that set each other off without end', () => {
    const a = signal(0);
    effect(() => a.set(a.get() + 1));
    expect(() => flush()).toThrow(/without end/);
  });
});

/** The floors of the viewer: who may import whom, no cycles, no fetch in layers, no outside address. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../src');

interface Module {
  readonly name: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function resolve(from: string, target: string): string | null {
  if (!target.startsWith('.')) return null;
  const path = relative(ROOT, join(dirname(from), target));
  const all = names();
  return [path, `${path}.ts`, `${path}/index.ts`].find((one) => all.has(one)) ?? null;
}

let known: ReadonlySet<string> | null = null;

function names(): ReadonlySet<string> {
  known ??= new Set(readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')));
  return known;
}

function modules(): readonly Module[] {
  return [...names()].map((name) => {
    const text = readFileSync(join(ROOT, name), 'utf8');
    const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
    const imports = targets.map((target) => resolve(join(ROOT, name), target)).filter((one): one is string => one !== null);
    return { name, text, imports };
  });
}

const room = (name: string): string => (name.includes('/') ? (name.split('/')[0] ?? '') : '');

/** What a room may import besides itself and the plain files: the wire's, the seam, units, failure. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  formats: [], shaders: [], stores: ['formats'], i18n: ['stores'], sources: ['stores', 'formats'], layers: ['formats', 'shaders', 'scene'],
  scene: ['formats', 'shaders', 'layers'], ui: ['stores', 'i18n'], desk: ['ui', 'stores', 'i18n', 'sources'], bridge: ['stores', 'i18n', 'ui'], modes: ['ui', 'stores', 'i18n'],
};
const PLAIN = ['contract.ts', 'wire.ts', 'wire_air.ts', 'wire_water.ts', 'units.ts', 'units_water.ts', 'failure.ts'];

describe('imports', () => {
  const all = modules();

  it('finds the modules that it judges', () => {
    expect(all.length).toBeGreaterThan(60);
    expect(all.find((one) => one.name === 'app.ts')?.imports).toContain('sources/live.ts');
  });

  it('go only where they may', () => {
    const wrong = all.flatMap((one) => {
      const allowed = MAY[room(one.name)];
      if (!allowed) return [];
      return one.imports.filter((target) => room(target) !== room(one.name) && !allowed.includes(room(target)) && !PLAIN.includes(target))
        .map((target) => `${one.name} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('make no cycles, type imports apart', () => {
    const graph = new Map(all.map((one) => {
      const text = one.text.replace(/import type [^;]+;/g, '');
      const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => resolve(join(ROOT, one.name), match[1] ?? ''));
      return [one.name, targets.filter((target): target is string => target !== null)];
    }));
    expect(cycles(graph)).toEqual([]);
  });

  it('leave fetching to the sources, and the file loader of the world', () => {
    const fetching = all.filter((one) => /\bfetch\(|new EventSource\(|XMLHttpRequest/.test(one.text)).map((one) => one.name).sort();
    expect(fetching.filter((name) => !name.startsWith('sources/'))).toEqual(['scene/load.ts']);
  });

  it('name no outside address', () => {
    const outside = all.filter((one) => /https?:\/\/(?!www\.w3\.org\/)/.test(one.text)).map((one) => one.name);
    expect(outside).toEqual([]);
  });

  it('convert units in units.ts only', () => {
    const wrong = all.filter((one) => room(one.name) === 'ui' && /273\.15|\* ?1e6\b|\* ?1e9\b/.test(one.text)).map((one) => one.name);
    expect(wrong).toEqual([]);
  });
});

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      found.push([...path.slice(path.indexOf(name)), name].join(' -> '));
      return;
    }
    if (done.has(name)) return;
    for (const next of graph.get(name) ?? []) walk(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) walk(name, []);
  return found;
}

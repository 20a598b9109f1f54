import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUES, setLanguage, t, type Key } from '../src/i18n';
import { LAYER_IDS } from '../src/contract';

const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();

describe('catalogues', () => {
  it('have the same keys, no empty text, and the same places to fill', () => {
    const { zh, en } = CATALOGUES;
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
    for (const key of Object.keys(zh) as Key[]) {
      expect(zh[key].trim(), key).not.toBe('');
      expect(en[key].trim(), key).not.toBe('');
      expect(places(en[key]), key).toEqual(places(zh[key]));
    }
  });

  it('have no Chinese left in English, but where both are meant', () => {
    const both = new Set<string>(['top.language', 'origin.simulated.long', 'origin.exercise.long', 'help.e']);
    for (const [key, text] of Object.entries(CATALOGUES.en)) {
      if (!both.has(key)) expect(/[\u4e00-\u9fff]/.test(text), key).toBe(false);
    }
  });

  it('name every layer', () => {
    for (const id of LAYER_IDS) expect(Object.hasOwn(CATALOGUES.zh, `layer.${id}`), id).toBe(true);
  });

  it('switch at once', () => {
    setLanguage('en');
    expect(t('age.ago', { age: '3 min' })).toBe('3 min ago');
    setLanguage('zh');
    expect(t('age.ago', { age: '3 分' })).toBe('3 分前');
  });

  it('are used: no text is only carried along', () => {
    const source = sources(join(import.meta.dirname, '../src')).filter((path) => !/i18n\/(zh|en)\.ts$/.test(path)).map((path) => readFileSync(path, 'utf8')).join('\n');
    const made = [/^level\./, /^quality\./, /^mark\./, /^origin\./, /^layer\./, /^detail\.kind\./, /^sight\.kind\./, /^curve\.step\./, /^dev\.(online|silent|offline|never)$/, /^age\./, /^qty\./, /^measure\./, /^tool\./, /^top\.mode\./];
    const unused = Object.keys(CATALOGUES.zh).filter((key) => !source.includes(`'${key}'`) && !made.some((rule) => rule.test(key)));
    expect(unused).toEqual([]);
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

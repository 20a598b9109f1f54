/** An error that can be told to people in both languages. */

import type { Language } from './contract';

export class ApiFailure extends Error {
  constructor(readonly zh: string, readonly en: string) {
    super(en);
    this.name = 'ApiFailure';
  }

  words(language: Language): string {
    return language === 'zh' ? this.zh : this.en;
  }
}

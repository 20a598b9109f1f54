/** Who works at the desk. The token stays in this tab alone and is gone when the tab is. */

import type { Signal } from '../stores/signal';
import { signal } from '../stores/signal';

export interface Operator {
  readonly token: string;
  readonly name: string;
  readonly role: Role;
}

export const ROLES = ['viewer', 'reviewer', 'operator', 'engineer'] as const;
export type Role = (typeof ROLES)[number];

const KEY = 'park-twin-desk';

/** The part of `sessionStorage` that is needed. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

function read(shelf: Shelf): Operator | null {
  try {
    const found: unknown = JSON.parse(shelf.getItem(KEY) ?? 'null');
    if (typeof found !== 'object' || found === null) return null;
    const { token, name, role } = found as Record<string, unknown>;
    if (typeof token !== 'string' || typeof name !== 'string' || !ROLES.includes(role as Role)) return null;
    return { token, name, role: role as Role };
  } catch {
    return null;
  }
}

export class Session {
  readonly operator: Signal<Operator | null>;

  constructor(private readonly shelf: Shelf) {
    this.operator = signal(read(shelf));
  }

  token(): string | null {
    return this.operator.peek()?.token ?? null;
  }

  enter(operator: Operator): void {
    this.shelf.setItem(KEY, JSON.stringify(operator));
    this.operator.set(operator);
  }

  leave(): void {
    this.shelf.removeItem(KEY);
    this.operator.set(null);
  }
}

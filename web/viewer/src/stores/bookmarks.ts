/** The user's own views, kept in this browser. */

import type { CameraState, Vec3 } from '../contract';
import { signal, type Readable } from './signal';

export interface OwnBookmark extends CameraState {
  readonly id: string;
  readonly name: string;
}

export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const MOST = 50;

function isVec3(value: unknown): value is Vec3 {
  return Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === 'number' && Number.isFinite(one));
}

/** What can be read of a stored list; anything broken is left out. */
export function readBookmarks(text: string | null): readonly OwnBookmark[] {
  if (text === null) return [];
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(raw)) return [];
  return raw.filter((row: unknown): row is OwnBookmark => {
    if (typeof row !== 'object' || row === null) return false;
    const one = row as Record<string, unknown>;
    return typeof one['id'] === 'string' && typeof one['name'] === 'string' && isVec3(one['target']) && isVec3(one['position']);
  });
}

export class Bookmarks {
  private readonly held;
  readonly all: Readable<readonly OwnBookmark[]>;

  constructor(private readonly park: string, private readonly shelf: Shelf) {
    this.held = signal(readBookmarks(shelf.getItem(this.key)));
    this.all = this.held;
  }

  private get key(): string {
    return `park-twin.bookmarks.${this.park}`;
  }

  add(name: string, camera: CameraState): void {
    const id = `own-${Date.now().toString(36)}-${this.held.peek().length}`;
    this.keep([...this.held.peek(), { id, name, ...camera }].slice(-MOST));
  }

  remove(id: string): void {
    this.keep(this.held.peek().filter((row) => row.id !== id));
  }

  private keep(rows: readonly OwnBookmark[]): void {
    this.held.set(rows);
    try {
      this.shelf.setItem(this.key, JSON.stringify(rows));
    } catch {
      // A full or forbidden shelf loses the view after this visit; the visit itself goes on.
    }
  }
}

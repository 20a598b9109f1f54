import type { Rect, WorldLabel } from '../contract';
import './labels.css';
import { placeLabels, type LabelBox, type Placement } from './label_layout';

interface Entry {
  label: WorldLabel;
  readonly element: HTMLElement;
  readonly box: HTMLElement;
  readonly stem: HTMLElement;
  text: string;
  width: number;
  height: number;
  placed: Placement | null;
}

/** Labels that stand in the scene: page elements, placed so that none covers another. */
export class LabelLayer {
  private readonly entries = new Map<string, Entry>();
  private shown = true;
  private dirty = false;
  private obstacles: readonly Rect[] = [];

  constructor(private readonly root: HTMLElement) {}

  set(labels: readonly WorldLabel[]): void {
    const gone = new Set(this.entries.keys());
    for (const label of labels) {
      gone.delete(label.id);
      const entry = this.entries.get(label.id) ?? this.create(label);
      entry.label = label;
      const text = label.lines.join('\n');
      if (entry.text !== text) this.write(entry, text);
      entry.element.className = `world-label ${label.tone}${label.flat ? ' flat' : ''}`;
    }
    for (const id of gone) {
      this.entries.get(id)?.element.remove();
      this.entries.delete(id);
    }
  }

  setVisible(visible: boolean, opacity: number): void {
    this.shown = visible;
    this.root.style.opacity = String(opacity);
  }

  /** What labels stay clear of; true when that has changed. */
  setObstacles(rects: readonly Rect[]): boolean {
    if (JSON.stringify(rects) === JSON.stringify(this.obstacles)) return false;
    this.obstacles = rects;
    return true;
  }

  /** Text sizes are to be taken anew, as after a change of the root font. */
  remeasure(): void {
    for (const entry of this.entries.values()) entry.width = 0;
    this.dirty = true;
  }

  /** Places all labels; `project` gives pixels, or null where a place cannot be seen. */
  update(project: (at: readonly [number, number, number]) => readonly [number, number] | null, width: number, height: number): void {
    if (this.dirty) this.measure();
    const boxes: LabelBox[] = [];
    for (const entry of this.entries.values()) {
      const at = this.shown ? project(entry.label.at) : null;
      if (at) {
        boxes.push({ id: entry.label.id, x: at[0], y: at[1], width: entry.width, height: entry.height, priority: entry.label.priority, before: entry.placed, flat: entry.label.flat === true });
      }
    }
    const placed = placeLabels(boxes, width, height, this.obstacles);
    for (const [id, entry] of this.entries) this.show(entry, placed.get(id) ?? null);
  }

  dispose(): void {
    for (const entry of this.entries.values()) entry.element.remove();
    this.entries.clear();
  }

  private create(label: WorldLabel): Entry {
    const [element, box, stem] = [document.createElement('div'), document.createElement('div'), document.createElement('div')];
    box.className = 'box';
    stem.className = 'stem';
    element.append(box, stem);
    element.dataset.label = label.id;
    this.root.append(element);
    const entry: Entry = { label, element, box, stem, text: '', width: 0, height: 0, placed: null };
    this.entries.set(label.id, entry);
    return entry;
  }

  private write(entry: Entry, text: string): void {
    entry.text = text;
    entry.box.replaceChildren(...entry.label.lines.map((line) => {
      const row = document.createElement('div');
      row.textContent = line;
      return row;
    }));
    entry.width = 0;
    this.dirty = true;
  }

  private measure(): void {
    for (const entry of this.entries.values()) {
      if (entry.width > 0) continue;
      entry.width = entry.box.offsetWidth;
      entry.height = entry.box.offsetHeight;
    }
    this.dirty = false;
  }

  private show(entry: Entry, placed: Placement | null): void {
    const { element, stem } = entry;
    if (!placed) {
      if (entry.placed) element.style.visibility = 'hidden';
      entry.placed = null;
      return;
    }
    if (!entry.placed) element.style.visibility = 'visible';
    element.style.transform = `translate(${Math.round(placed.left)}px, ${Math.round(placed.top)}px)`;
    if (entry.placed?.slot !== placed.slot || entry.placed.stemX !== placed.stemX) {
      stem.style.left = `${placed.stemX}px`;
      stem.style.height = `${placed.stem}px`;
    }
    entry.placed = placed;
  }
}

import { inject, Service } from '@angular/core';
import {
  fromText,
  isEmpty,
  originOf,
  partsOf,
  tooMuch,
  toText,
  withNewIds,
} from '../domain/clipboard';
import { insertParts, remove } from '../domain/commands';
import { GRID, type PipelineGraph, type Point } from '../domain/graph';
import { count } from '../domain/words';
import { EditorActions } from './editor-actions';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { mintId } from './mint-id';

const STEP = GRID * 5;

/** Copy, cut, paste and duplicate, through the system clipboard where the browser lets us. */
@Service({ autoProvided: false })
export class ClipboardActions {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private memory = '';
  private pastes = 0;

  /** The selection as text for the clipboard; null when there is nothing to copy. */
  copy(): string | null {
    const parts = this.selectedParts();
    if (isEmpty(parts)) return null;
    this.memory = toText(parts);
    this.pastes = 0;
    this.actions.say(`${count(this.sizeOf(parts), 'item')} copied`);
    return this.memory;
  }

  cut(): string | null {
    const text = this.copy();
    if (text) this.actions.do(remove(this.store.selectedItems()), 'Cut');
    return text;
  }

  /** Pastes copied nodes beside where they came from. Any other text is left alone. */
  paste(text: string): boolean {
    const parts = fromText(text || this.memory) ?? fromText(this.memory);
    if (parts === 'damaged') {
      this.actions.tell('What was copied is damaged: nothing was pasted. Copy it again.');
      return true;
    }
    if (!parts || isEmpty(parts)) return false;
    const by = STEP * (this.pastes + 1);
    const offset = this.isInSight(parts) ? { x: by, y: by } : this.toCentre(parts);
    if (this.insert(parts, offset, 'Paste')) this.pastes += 1;
    return true;
  }

  duplicate(): void {
    const parts = this.selectedParts();
    if (!isEmpty(parts)) this.insert(parts, { x: STEP, y: STEP }, 'Duplicate');
  }

  /** Adds copies of the parts; says so and adds none where that would be too many. */
  private insert(parts: PipelineGraph, by: Point, label: string): boolean {
    const refusal = tooMuch(this.store.graph(), parts);
    if (refusal) {
      this.actions.tell(refusal);
      return false;
    }
    const copies = withNewIds(parts, mintId, by);
    this.actions.do(
      insertParts(copies, `${label} ${count(this.sizeOf(copies), 'item')}`),
      `${count(this.sizeOf(copies), 'item')} added`,
    );
    this.store.select([...Object.keys(copies.nodes), ...Object.keys(copies.notes)]);
    return true;
  }

  private selectedParts(): PipelineGraph {
    return partsOf(this.store.graph(), this.store.selected());
  }

  private sizeOf(parts: PipelineGraph): number {
    return Object.keys(parts.nodes).length + Object.keys(parts.notes).length;
  }

  /** Whether the originals are on this canvas, so that the copies belong beside them. */
  private isInSight(parts: PipelineGraph): boolean {
    return Object.keys(parts.nodes).some((id) => id in this.store.graph().nodes);
  }

  private toCentre(parts: PipelineGraph): Point {
    const origin = originOf(parts);
    const centre = this.ui.canvas()?.centre() ?? origin;
    return { x: centre.x - origin.x, y: centre.y - origin.y };
  }
}

import { inject, Service } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import {
  fromText,
  isEmpty,
  originOf,
  partsOf,
  tooMuch,
  toText,
  withNewIds,
  withNewNames,
} from '../domain/clipboard';
import { insertParts, remove } from '../domain/commands';
import { COPY_STEP, roomFor } from '../domain/geometry';
import { type PipelineGraph, type Point } from '../domain/graph';
import { count } from '../domain/words';
import { EditorActions } from './editor-actions';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { mintId } from './mint-id';

/** Copy, cut, paste and duplicate, through the system clipboard where the browser lets us. */
@Service({ autoProvided: false })
export class ClipboardActions {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly catalogue = inject(AgentCatalogue);
  private memory = '';

  /** The selection as text for the clipboard; null when there is nothing to copy. */
  copy(): string | null {
    const parts = this.selectedParts();
    if (isEmpty(parts)) return null;
    this.memory = toText(parts);
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
    this.insert(parts, this.isInSight(parts) ? COPY_STEP : this.toCentre(parts), 'Paste');
    return true;
  }

  duplicate(): void {
    const parts = this.selectedParts();
    if (!isEmpty(parts)) this.insert(parts, COPY_STEP, 'Duplicate');
  }

  /** Adds copies of the parts where there is room; says so and adds none where they are too many. */
  private insert(parts: PipelineGraph, by: Point, label: string): void {
    const refusal = tooMuch(this.store.graph(), parts);
    if (refusal) return this.actions.tell(refusal);
    const graph = this.store.graph();
    const named = withNewNames(parts, graph, this.catalogue.byType());
    const copies = withNewIds(named, mintId, roomFor(graph, parts, by));
    this.actions.do(
      insertParts(copies, `${label} ${count(this.sizeOf(copies), 'item')}`),
      `${count(this.sizeOf(copies), 'item')} added`,
    );
    const made = [...Object.keys(copies.nodes), ...Object.keys(copies.notes)];
    this.store.select(made);
    if (made[0]) this.ui.canvas()?.reveal(made[0]);
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

import { ApplicationRef, inject, Service } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { type Direction, neighbour } from '../domain/geometry';
import { predecessors } from '../domain/topology';
import { Autosave } from './autosave';
import { ClipboardActions } from './clipboard-actions';
import { EditorActions } from './editor-actions';
import { EditorStore } from './editor-store';
import { EditorUi, type InspectorTab } from './editor-ui';

interface Shortcut {
  readonly keys: readonly string[];
  readonly label: string;
  readonly group: string;
  /** `page` works anywhere but in a text field, `canvas` while the canvas has the focus. */
  readonly scope: 'page' | 'canvas';
  /** Answers false when it had nothing to do, so that the key keeps its usual meaning. */
  readonly run: (key: string) => boolean;
}

/** What only the page can do. */
export interface PageCommands {
  run(): void;
  help(): void;
}

const ARROWS: Readonly<Record<string, { direction: Direction; x: number; y: number }>> = {
  ArrowLeft: { direction: 'left', x: -1, y: 0 },
  ArrowRight: { direction: 'right', x: 1, y: 0 },
  ArrowUp: { direction: 'up', x: 0, y: -1 },
  ArrowDown: { direction: 'down', x: 0, y: 1 },
};
const ARROW_KEYS = Object.keys(ARROWS);
const COARSE = 5;
/** Keys that open something of the node that has the focus, selected or not. */
const OPENING = ['Enter', 'F2'];
const FIRST_SETTING = ['input', 'textarea', 'select', 'button', '[tabindex="0"]']
  .map((part) => `k-inspector k-schema-form ${part}:not([disabled])`)
  .join();

/** Where a Latin keyboard has this letter or digit. */
const PLACE = /^(?:Key|Digit)([A-Z0-9])$/;

/**
 * A key press as text: "Ctrl+Shift+Z", "ArrowLeft", "?". Command counts as Control. A letter of
 * another script, as "я", counts as the Latin one of its place.
 */
export function keyOf(event: KeyboardEvent): string {
  const single = event.key.length === 1;
  const foreign = single && !/[\p{ASCII}\p{Script=Latin}]/u.test(event.key);
  const placed = foreign ? PLACE.exec(event.code)?.[1] : undefined;
  const key = placed ?? (single ? event.key.toUpperCase() : event.key);
  const shift = event.shiftKey && (!single || /[A-Z]/.test(key));
  return [
    event.ctrlKey || event.metaKey ? 'Ctrl' : '',
    event.altKey ? 'Alt' : '',
    shift ? 'Shift' : '',
    key,
  ]
    .filter(Boolean)
    .join('+');
}

/** Every key of the editor, in one table: what runs it is what the help shows. */
@Service({ autoProvided: false })
export class Shortcuts {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly clipboard = inject(ClipboardActions);
  private readonly autosave = inject(Autosave);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly app = inject(ApplicationRef);
  private page: PageCommands = { run: () => undefined, help: () => undefined };

  readonly table: readonly Shortcut[] = [
    ...this.pageKeys(),
    ...this.editKeys(),
    ...this.moveKeys(),
  ];

  connectPage(page: PageCommands): void {
    this.page = page;
  }

  /** Runs what a key stands for. */
  handle(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || target.closest('[role=dialog], .cdk-overlay-container')) return;
    const key = keyOf(event);
    const typing = target.closest('input, textarea, select, [contenteditable="true"]') !== null;
    // A press on the bare canvas leaves the focus on what holds it.
    const onCanvas =
      target.closest('k-pipeline-canvas') !== null ||
      target.querySelector('k-pipeline-canvas') !== null;
    const button = target.closest('button, a') !== null && (key === 'Enter' || key === ' ');
    const shortcut = this.table.find(
      ({ keys, scope }) => keys.includes(key) && (scope === 'page' || (onCanvas && !button)),
    );
    if (!shortcut || (typing && key !== 'Ctrl+Enter' && key !== 'Ctrl+S')) return;
    // Leaving the field hands over what was typed in it.
    if (typing) target.blur();
    if (shortcut.run(key)) event.preventDefault();
  }

  private pageKeys(): Shortcut[] {
    const group = 'Pipeline';
    return [
      this.does(group, 'Run', ['Ctrl+Enter'], () => this.page.run(), 'page'),
      this.does(group, 'Save now', ['Ctrl+S'], () => void this.autosave.flush(), 'page'),
      this.does(group, 'Undo', ['Ctrl+Z'], () => this.actions.undo(), 'page'),
      this.does(group, 'Redo', ['Ctrl+Y', 'Ctrl+Shift+Z'], () => this.actions.redo(), 'page'),
      this.does(group, 'Show all shortcuts', ['?'], () => this.page.help(), 'page'),
    ];
  }

  private editKeys(): Shortcut[] {
    const group = 'Edit';
    return [
      this.does(group, 'Add an agent', ['N'], () => this.offerAgents()),
      this.onNode(group, 'Add after the selected node', ['Tab'], (id) =>
        this.actions.offerNext(id),
      ),
      this.onNode(group, 'Connect the selected node', ['C'], (id) =>
        this.ui.offerTargets({ from: id, fromPort: null }),
      ),
      this.onNode(group, 'Open the settings', ['Enter'], () => this.openSettings()),
      this.onNode(group, 'Rename', ['F2'], () => this.openName()),
      { group, label: 'Copy, cut, paste', keys: [], scope: 'canvas', run: () => false },
      this.does(group, 'Duplicate', ['Ctrl+D'], () => this.clipboard.duplicate()),
      this.does(group, 'Delete', ['Delete', 'Backspace'], () => this.deleteAndMoveOn()),
      this.does(group, 'Pin for auto-layout', ['P'], () => this.actions.togglePin()),
      this.does(group, 'Add a note', ['Shift+N'], () => this.actions.addNote()),
      this.does(group, 'Auto-layout', ['L'], () => void this.actions.layOut()),
    ];
  }

  private moveKeys(): Shortcut[] {
    const group = 'Canvas';
    const view = () => this.ui.canvas();
    return [
      this.does(group, 'Select all', ['Ctrl+A'], () => this.actions.selectAll()),
      {
        group,
        label: 'Select the focused node',
        keys: [' '],
        scope: 'canvas',
        run: () => this.pick(),
      },
      {
        group,
        label: 'Clear the selection',
        keys: ['Escape'],
        scope: 'canvas',
        run: () => this.escape(),
      },
      {
        group,
        label: 'Move the selection',
        keys: ARROW_KEYS,
        scope: 'canvas',
        run: (key) => this.arrow(key, 1),
      },
      {
        group,
        label: 'Move it further',
        keys: ARROW_KEYS.map((key) => `Shift+${key}`),
        scope: 'canvas',
        run: (key) => this.arrow(key.replace('Shift+', ''), COARSE),
      },
      {
        group,
        label: 'Go to the next node',
        keys: ARROW_KEYS.map((key) => `Ctrl+${key}`),
        scope: 'canvas',
        run: (key) => this.goTo(key.replace('Ctrl+', '')),
      },
      this.does(group, 'Fit to the window', ['F'], () => view()?.fit()),
      this.does(group, 'Zoom in', ['+', '='], () => view()?.zoom('in')),
      this.does(group, 'Zoom out', ['-'], () => view()?.zoom('out')),
      this.does(group, 'Zoom to 100%', ['0'], () => view()?.zoom('reset')),
    ];
  }

  private does(
    group: string,
    label: string,
    keys: readonly string[],
    act: () => void,
    scope: Shortcut['scope'] = 'canvas',
  ): Shortcut {
    const run = () => {
      act();
      return true;
    };
    return { group, label, keys, scope, run };
  }

  /** A shortcut that needs exactly one selected node. */
  private onNode(
    group: string,
    label: string,
    keys: readonly string[],
    act: (nodeId: string) => void,
  ): Shortcut {
    const run = () => {
      const focused = OPENING.some((key) => keys.includes(key)) ? this.focusedNode() : null;
      if (focused) this.store.select([focused]);
      const id = this.store.current()?.id;
      if (id) act(id);
      return id !== undefined;
    };
    return { group, label, keys, scope: 'canvas', run };
  }

  /** The keyboard goes to the first setting; to its tab where an agent has none. */
  private openSettings(): void {
    this.showInspector('settings');
    const first = () => document.querySelector<HTMLElement>(FIRST_SETTING);
    const now = first();
    if (now) return now.focus();
    // A tab that was not open yet is filled after it is shown.
    setTimeout(() =>
      (first() ?? document.querySelector<HTMLElement>('k-inspector [role=tab]'))?.focus(),
    );
  }

  private openName(): void {
    this.showInspector();
    const name = document.querySelector<HTMLInputElement>('k-inspector input.name');
    name?.focus();
    name?.select();
  }

  /** Drawn at once: the next key a person presses belongs to what was opened. */
  private showInspector(tab?: InspectorTab): void {
    this.ui.inspect(tab);
    this.app.tick();
  }

  private offerAgents(): void {
    const current = this.store.current();
    if (current) return this.actions.offerNext(current.id);
    const at = { x: window.innerWidth / 2 - 160, y: window.innerHeight / 3 };
    this.ui.offerAgents({ at, from: null, fromPort: null });
  }

  private deleteAndMoveOn(): void {
    const [first] = this.store.selectedNodes();
    const before = first && predecessors(this.store.graph()).get(first)?.[0];
    this.actions.deleteSelection();
    const next = before ?? this.store.nodes()[0]?.id;
    if (next) this.ui.canvas()?.focus(next);
  }

  private pick(): boolean {
    const id = this.focusedItem();
    if (!id) return false;
    this.store.select([id]);
    this.actions.say('Selected');
    return true;
  }

  private escape(): boolean {
    const busy = this.store.selection().length > 0;
    this.actions.clearSelection();
    return busy;
  }

  private arrow(key: string, times: number): boolean {
    if (!this.store.selectedItems().length) return this.goTo(key);
    const { x = 0, y = 0 } = ARROWS[key] ?? {};
    this.actions.nudge({ x: x * times, y: y * times });
    return true;
  }

  private goTo(key: string): boolean {
    const from = this.store.current()?.id ?? this.focusedNode();
    const direction = ARROWS[key]?.direction;
    if (!from || !direction) return false;
    const next = neighbour(this.store.graph(), this.catalogue.byType(), from, direction);
    if (!next) return true;
    this.store.select([next]);
    this.ui.canvas()?.reveal(next);
    this.ui.canvas()?.focus(next);
    return true;
  }

  private focusedNode(): string | null {
    const id = this.focusedItem();
    return id && id in this.store.graph().nodes ? id : null;
  }

  private focusedItem(): string | null {
    const element = document.activeElement?.closest('[data-f-node-id], [data-f-group-id]');
    return (
      element?.getAttribute('data-f-node-id') ?? element?.getAttribute('data-f-group-id') ?? null
    );
  }
}

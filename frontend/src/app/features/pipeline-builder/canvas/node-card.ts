import { Component, computed, inject, input, output } from '@angular/core';
import { MatTooltip } from '@angular/material/tooltip';
import { FFlowModule } from '@foblex/flow';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { formatCost } from '@shared/format/numbers';
import { formatDuration } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { STATUS_LOOKS } from '@shared/status-badge';
import { ERROR_PORT, isTrigger } from '../domain/catalogue';
import { nodeSize } from '../domain/geometry';
import { type PipelineNode, type Point } from '../domain/graph';
import { statusInWords } from '../domain/node-status';
import { summaryOf } from '../domain/summary';
import { count, nodeName } from '../domain/words';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';
import { ProblemList } from '../state/problem-list';
import { RunFreshness } from '../state/run-freshness';
import { RunStore } from '../state/run-store';
import { CanvasIndex, type PortView } from './canvas-index';
import { inputId, outputId } from './connector-ids';

/** Up to here there is no room for a panel beside the canvas. */
const PHONE_PX = 700;
/** How far a finger or a hand may slip in a click. */
const SLACK_PX = 6;

/** The '+' of a port was pressed; client px. */
export interface PortPress {
  readonly port: string;
  readonly at: { readonly x: number; readonly y: number };
}

/** One agent on the canvas. Reads only what concerns its own node, so that others stay as they are. */
@Component({
  selector: 'k-node-card',
  imports: [FFlowModule, Icon, MatTooltip],
  templateUrl: './node-card.html',
  styleUrl: './node-card.scss',
  host: {
    role: 'group',
    'aria-roledescription': 'node',
    '[attr.aria-label]': 'spokenName()',
    '[attr.data-status]': 'status()',
    '[class.stale]': 'stale()',
    '[class.picked]': 'selected()',
    '[class.target-best]': 'verdict() === "best"',
    '[class.target-fits]': 'verdict() === "fits"',
    '[class.target-refused]': 'verdict() === "refused"',
    '[style.--k-card-height]': 'height() + "px"',
    '[style.--hue]': 'hue()',
    '(pointerdown)': 'pressed = placeOf($event)',
    '(click)': 'click($event)',
  },
})
export class NodeCard {
  private readonly catalogue = inject(AgentCatalogue);
  private readonly store = inject(EditorStore);
  protected readonly ui = inject(EditorUi);
  private readonly problemList = inject(ProblemList);
  private readonly runs = inject(RunStore);
  private readonly freshness = inject(RunFreshness);
  private readonly index = inject(CanvasIndex);

  readonly node = input.required<PipelineNode>();
  readonly addNext = output<PortPress>();

  protected readonly errorPort = ERROR_PORT;
  protected readonly agent = computed(() => this.catalogue.byType().get(this.node().agentType));
  protected readonly name = computed(() => nodeName(this.node(), this.catalogue.byType()));
  /** Its settings; on the node that starts the pipeline, how. */
  protected readonly summary = computed(() => {
    const settings = summaryOf(this.agent(), this.node().config);
    const { ids, words } = this.index.start();
    if (!ids.includes(this.node().id)) return settings;
    return settings ? `${words}, ${settings}` : words;
  });
  protected readonly hue = computed(() => `var(--k-cat-${this.agent()?.category ?? 'system'})`);
  /** Given by a custom property: when the canvas moves a node, it takes `height` off the element. */
  protected readonly height = computed(() => nodeSize(this.agent()).h);
  protected readonly takesInput = computed(() => !isTrigger(this.agent()));
  protected readonly input = computed(() => inputId(this.node().id));
  protected readonly ports = computed<readonly PortView[]>(() =>
    this.index.portsOf(this.node().agentType),
  );
  protected readonly selected = computed(() => this.store.selected().has(this.node().id));
  protected readonly used = computed(() => this.index.usedPorts().get(this.node().id) ?? [], {
    equal: (a, b) => a.join() === b.join(),
  });
  protected readonly run = computed(() => this.runs.view()?.nodes[this.node().id]);
  protected readonly status = computed(() => this.run()?.status ?? null);
  protected readonly look = computed(() => {
    const status = this.status();
    return status && STATUS_LOOKS[status];
  });
  /** Its result is of a graph that has changed since. */
  protected readonly stale = computed(
    () => this.run() !== undefined && this.freshness.stale().has(this.node().id),
  );
  /** Time and cost after a run. */
  protected readonly figures = computed(() => {
    const run = this.run();
    if (!run || run.runtime_ms === null) return '';
    const cost = Number(run.cost ?? 0) > 0 ? ` · ${formatCost(run.cost)}` : '';
    return formatDuration(run.runtime_ms) + cost;
  });
  protected readonly problems = computed(
    () => this.problemList.byNode().get(this.node().id) ?? [],
    { equal: (a, b) => a.map((p) => p.message).join() === b.map((p) => p.message).join() },
  );
  protected readonly problemText = computed(() =>
    this.problems()
      .map(({ message, remedy }) => `${message} ${remedy}`)
      .join('\n'),
  );
  protected readonly verdict = computed(() => {
    const verdict = this.ui.verdicts()?.get(this.node().id);
    if (!verdict) return null;
    return verdict.ok ? verdict.fit : 'refused';
  });
  protected readonly spokenName = computed(() => {
    const problems = this.problems().length;
    const parts = [this.name(), this.agent()?.category ?? 'not installed', this.summary()];
    if (this.run())
      parts.push(statusInWords(this.run()) + (this.stale() ? ' before a change' : ''));
    if (problems) parts.push(count(problems, 'problem'));
    if (this.node().pinned) parts.push('pinned');
    if (this.selected()) parts.push('selected');
    return parts.filter(Boolean).join(', ');
  });

  protected readonly placeOf = ({ clientX: x, clientY: y }: MouseEvent) => ({ x, y });
  /** Where it was pressed last. */
  protected pressed: Point | null = null;

  /** The end of a drag and a press on a part of the card are no clicks on it. */
  protected click(event: MouseEvent): void {
    const { x, y } = this.placeOf(event);
    const way = this.pressed ? Math.hypot(x - this.pressed.x, y - this.pressed.y) : 0;
    if (way > SLACK_PX || (event.target as Element).closest('button, .port')) return;
    const touched = (event as Partial<PointerEvent>).pointerType === 'touch';
    const chosen = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    this.ui.nodeClicked(this.node().id, chosen && (touched || window.innerWidth <= PHONE_PX));
  }

  protected outputId(port: string): string {
    return outputId(this.node().id, port);
  }

  protected press(event: MouseEvent, port: string): void {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.addNext.emit({ port, at: { x: box.right + 8, y: box.top } });
  }
}

import { Component, computed, effect, inject, input, untracked } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatTabsModule } from '@angular/material/tabs';
import { Router, RouterLink } from '@angular/router';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { drawnEdges, drawnNodes } from '@core/graph/draw-graph';
import { dataBadgeOf } from '@core/market/data-badge';
import { PageContext } from '@core/page/page-context';
import { estimateOf } from '@core/runs/estimate';
import { runStanding } from '@core/trading/run-standing';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { PageError } from '@shared/page-error';
import { CostPipe, DurationPipe } from '@shared/format/format-pipes';
import { GraphView } from '@shared/graph-view/graph-view';
import { JsonTree } from '@shared/json-tree/json-tree';
import { Markdown } from '@shared/markdown';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';
import { StatusBadge } from '@shared/status-badge';
import { Time } from '@shared/time';
import { CostTable } from './cost-table';
import { headlineOf } from './decision';
import { NodeDetail } from './node-detail';
import { RunChart } from './run-chart';
import { RunStore } from './run-store';
import { RunTimeline } from './run-timeline';
import { TradeTable } from './trade-table';
import { hasNext, WhatNext } from './what-next';

/** One run from start to end: decision, graph, timeline, chart, each node, report, cost, raw state. */
@Component({
  selector: 'k-run-page',
  imports: [
    RouterLink,
    MatButton,
    MatTabsModule,
    EmptyState,
    ErrorState,
    PageError,
    GraphView,
    JsonTree,
    Markdown,
    Notice,
    Skeleton,
    StatusBadge,
    Time,
    CostPipe,
    DurationPipe,
    CostTable,
    NodeDetail,
    RunChart,
    RunTimeline,
    TradeTable,
    WhatNext,
  ],
  providers: [RunStore],
  templateUrl: './run-page.html',
  styleUrl: './run-page.scss',
})
export class RunPage {
  private readonly router = inject(Router);
  private readonly page = inject(PageContext);
  private readonly catalogue = inject(AgentCatalogue);
  protected readonly store = inject(RunStore);

  /** From the address. */
  readonly id = input.required<string>();

  protected readonly decision = computed(() => {
    const run = this.store.run();
    return run ? headlineOf(run) : null;
  });
  protected readonly estimate = computed(() => estimateOf(this.store.run()?.trade));
  protected readonly hasNext = hasNext;
  protected readonly tookMs = computed(() => {
    const run = this.store.run();
    return run?.started_at && run.finished_at
      ? Date.parse(run.finished_at) - Date.parse(run.started_at)
      : null;
  });
  protected readonly prices = computed(() => dataBadgeOf(this.store.run()?.data));
  protected readonly nodes = computed(() => {
    const run = this.store.run();
    if (!run) return [];
    const runs = new Map(run.nodes.map((node) => [node.node_id, node]));
    return drawnNodes(run.graph, this.catalogue.byType(), runs);
  });
  protected readonly edges = computed(() => {
    const run = this.store.run();
    return run ? drawnEdges(run.graph, this.catalogue.byType()) : [];
  });
  private readonly traded = computed(
    () => {
      const run = this.store.run();
      return run?.trade && !run.trade.estimated ? { id: run.id } : null;
    },
    { equal: (one, other) => one?.id === other?.id },
  );
  /** How its trade stands now, where it trades in the present. */
  protected readonly standing = runStanding(this.traded);
  protected readonly remedy = computed(() => {
    const error = this.store.run()?.error;
    return error?.node_id === this.store.focus() ? (error?.remedy ?? null) : null;
  });

  constructor() {
    effect(() => {
      const id = this.id();
      untracked(() => void this.store.open(id));
    });
    effect(() => {
      const run = this.store.run();
      if (!run) return;
      const label = `${run.symbol}, ${run.pipeline_name}`;
      const crumbs = [{ label: 'Runs', link: '/runs' }, { label }];
      untracked(() => this.page.show(crumbs, run.mode, this.prices()));
    });
  }

  protected async rerun(fromNode: string | null): Promise<void> {
    const id = await this.store.rerun(fromNode);
    if (id) await this.router.navigate(['/runs', id]);
  }
}

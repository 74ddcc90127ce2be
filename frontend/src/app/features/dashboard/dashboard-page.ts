import { Component, computed, inject, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';
import {
  type ExecutionSummary,
  listExecutions,
  listPipelines,
  listTemplates,
  type TemplateOut,
} from '@core/api';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { drawnEdges, drawnNodes } from '@core/graph/draw-graph';
import { Attempt } from '@core/http/attempt';
import { toProblemError } from '@core/http/problem-error';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';
import { createFromTemplate } from '@core/pipelines/open-template';
import { followRuns } from '@core/runs/follow-runs';
import { waitInWords } from '@core/runs/wait-words';
import { SystemInfoStore } from '@core/system/system-info';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { GraphPreview } from '@shared/graph-view/graph-preview';
import { ModeBadge } from '@shared/mode-badge';
import { Notice } from '@shared/notice';
import { Skeleton, SkeletonRows } from '@shared/skeleton';
import { StatusBadge } from '@shared/status-badge';
import { Time } from '@shared/time';
import { StandingStrip } from './standing-strip';
import { TopPositions } from './top-positions';
import { WatchListCard } from './watch-list-card';

const PIPELINES_SHOWN = 6;
const RUNS_SHOWN = 8;
const QUICK_STARTS = 3;

/** Home: what was worked on, what ran, and how to start. */
@Component({
  selector: 'k-dashboard-page',
  imports: [
    RouterLink,
    MatButton,
    EmptyState,
    ErrorState,
    GraphPreview,
    ModeBadge,
    Notice,
    Skeleton,
    SkeletonRows,
    StandingStrip,
    StatusBadge,
    Time,
    TopPositions,
    WatchListCard,
  ],
  templateUrl: './dashboard-page.html',
  styleUrl: './dashboard-page.scss',
})
export class DashboardPage {
  private readonly router = inject(Router);
  private readonly catalogue = inject(AgentCatalogue);
  protected readonly system = inject(SystemInfoStore);

  protected readonly pipelines = resource({
    loader: () => unwrap(listPipelines({ query: { limit: PIPELINES_SHOWN } })),
  });
  protected readonly runs = resource({
    loader: () => unwrap(listExecutions({ query: { limit: RUNS_SHOWN } })),
  });
  private readonly templates = resource({ loader: () => unwrap(listTemplates()) });
  private readonly attempt = new Attempt();
  /** Why nothing was made of a template. */
  protected readonly problem = this.attempt.problem;

  protected readonly error = computed(() => {
    const error = this.pipelines.error() ?? this.runs.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly starts = computed(() => {
    if (!this.templates.hasValue()) return [];
    return this.templates
      .value()
      .items.slice(0, QUICK_STARTS)
      .map((item) => this.card(item));
  });

  /** Everything above has its height: what comes below moves nothing any more. */
  protected readonly complete = computed(
    () => this.starts().length > 0 && this.runs.hasValue() && this.pipelines.hasValue(),
  );

  constructor() {
    reloadOnRecovery(this.templates);
    followRuns(() => this.runs.reload());
  }

  protected words(run: ExecutionSummary): string {
    return waitInWords(run) ?? run.outcome ?? run.error ?? run.pipeline_name;
  }

  protected retry(): void {
    this.pipelines.reload();
    this.runs.reload();
    this.templates.reload();
  }

  protected async start(template: TemplateOut): Promise<void> {
    await this.attempt.make(async () => {
      const { commands, queryParams } = await createFromTemplate(template);
      await this.router.navigate(commands, { queryParams });
    });
  }

  private card(template: TemplateOut) {
    return {
      template,
      nodes: drawnNodes(template.graph, this.catalogue.byType()),
      edges: drawnEdges(template.graph, this.catalogue.byType()),
    };
  }
}

import { Component, computed, inject, input, resource } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { listTemplates, type TemplateOut } from '@core/api';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { drawnEdges, drawnNodes } from '@core/graph/draw-graph';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { GraphPreview } from '@shared/graph-view/graph-preview';
import { ModeBadge } from '@shared/mode-badge';
import { Skeleton } from '@shared/skeleton';
import { PipelineActions } from './pipeline-actions';

/** Pipelines to start from, each with its shape. */
@Component({
  selector: 'k-templates-page',
  imports: [MatButton, EmptyState, ErrorState, GraphPreview, ModeBadge, Skeleton],
  providers: [PipelineActions],
  templateUrl: './templates-page.html',
  styleUrl: './templates-page.scss',
})
export class TemplatesPage {
  private readonly catalogue = inject(AgentCatalogue);
  protected readonly actions = inject(PipelineActions);
  protected readonly templates = resource({ loader: () => unwrap(listTemplates()) });
  protected readonly error = computed(() => {
    const error = this.templates.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly cards = computed(() =>
    this.templates.hasValue() ? this.templates.value().items.map((item) => this.card(item)) : [],
  );

  /** The symbol to run what is made on, in place of the one that shows a template best. */
  readonly symbol = input<string>();

  constructor() {
    inject(PageContext).show([{ label: 'Pipelines', link: '/pipelines' }, { label: 'Templates' }]);
  }

  private card(template: TemplateOut) {
    return {
      ...template,
      nodes: drawnNodes(template.graph, this.catalogue.byType()),
      edges: drawnEdges(template.graph, this.catalogue.byType()),
    };
  }
}

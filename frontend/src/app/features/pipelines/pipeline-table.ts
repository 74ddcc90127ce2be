import { Component, inject, input, output } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { MatMenuModule } from '@angular/material/menu';
import { Router, RouterLink } from '@angular/router';
import type { LastRun, PipelineSummary } from '@core/api';
import { type TriggerLook, triggerLook } from '@core/pipelines/trigger-words';
import { waitInWords } from '@core/runs/wait-words';
import { splitDecision } from '@shared/format/decision';
import { Icon } from '@shared/icon';
import { ModeBadge } from '@shared/mode-badge';
import { StatusBadge } from '@shared/status-badge';
import { Time } from '@shared/time';
import type { PipelineActionKind } from './pipeline-actions';

export interface PipelineAction {
  readonly kind: PipelineActionKind;
  readonly pipeline: PipelineSummary;
}

/** Pipelines as rows: a click opens, the menu at the end acts. */
@Component({
  selector: 'k-pipeline-table',
  imports: [RouterLink, MatIconButton, MatMenuModule, Icon, ModeBadge, StatusBadge, Time],
  templateUrl: './pipeline-table.html',
  styleUrl: './pipeline-table.scss',
})
export class PipelineTable {
  private readonly router = inject(Router);

  readonly items = input.required<readonly PipelineSummary[]>();
  readonly action = output<PipelineAction>();

  protected actionsOf(
    pipeline: PipelineSummary,
  ): readonly { readonly kind: PipelineActionKind; readonly label: string }[] {
    return [
      { kind: 'run', label: 'Run' },
      { kind: 'clone', label: 'Clone' },
      { kind: 'export', label: 'Export' },
      pipeline.status === 'archived'
        ? { kind: 'unarchive', label: 'Bring back' }
        : { kind: 'archive', label: 'Archive' },
      { kind: 'delete', label: 'Delete' },
    ];
  }

  /** What starts an active pipeline is published; else it is what is being made of it. */
  protected startOf({ status, trigger, published_trigger }: PipelineSummary): TriggerLook {
    return triggerLook((status === 'active' ? published_trigger : null) ?? trigger);
  }

  /** What of it is not published, in a word. */
  protected draftOf({ published_version: version, draft_differs }: PipelineSummary): string {
    if (version === null) return 'Never published';
    return draft_differs ? `v${version} and a draft` : '';
  }

  protected wordsOf(run: LastRun): string {
    return waitInWords(run) ?? run.outcome ?? '';
  }

  protected decisionOf(run: LastRun): string {
    return splitDecision(this.wordsOf(run)).headline || run.symbol;
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, pipeline: PipelineSummary): void {
    const target = event.target as HTMLElement;
    if (target.closest('a, button')) return;
    void this.router.navigate(['/pipelines', pipeline.id]);
  }
}

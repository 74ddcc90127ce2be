import { Component, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import type { ExecutionSummary } from '@core/api';
import { CostPipe, DatePipe, DurationPipe } from '@shared/format/format-pipes';
import { ModeBadge } from '@shared/mode-badge';
import { StatusBadge } from '@shared/status-badge';
import { Time } from '@shared/time';
import { waitInWords } from '@core/runs/wait-words';

/** Runs as rows; a click opens. */
@Component({
  selector: 'k-run-table',
  imports: [RouterLink, ModeBadge, StatusBadge, Time, CostPipe, DatePipe, DurationPipe],
  template: `
    <div class="k-table-wrap">
      <table class="k-table" aria-label="Runs">
        <thead>
          <tr>
            <th>Status</th>
            <th>Symbol</th>
            <th>Outcome</th>
            <th class="middle">Pipeline</th>
            <th class="wide">Mode</th>
            <th class="wide">As of</th>
            <th class="k-num middle">Took</th>
            <th class="k-num middle">Cost</th>
            <th class="k-num middle">Started</th>
          </tr>
        </thead>
        <tbody>
          @for (run of items(); track run.id) {
            <tr class="k-row-link" (click)="open($event, run)">
              <td><k-status-badge [status]="run.status" /></td>
              <td class="symbol">
                <a [routerLink]="['/symbols', run.symbol]">{{ run.symbol }}</a>
              </td>
              <td class="outcome">
                <a class="k-ellipsis" [routerLink]="['/runs', run.id]" [title]="words(run)">{{
                  words(run)
                }}</a>
                <p class="narrow k-muted">
                  <k-time [at]="run.created_at" show="ago" />, {{ run.pipeline_name }}
                </p>
              </td>
              <td class="pipeline middle" [title]="run.pipeline_name">
                <div>
                  <span class="k-ellipsis">{{ run.pipeline_name }}</span
                  >&ngsp;
                  <span class="k-muted"
                    >{{ run.pipeline_version === null ? 'draft' : 'v' + run.pipeline_version
                    }}{{ run.pipeline_deleted ? ', deleted' : '' }}</span
                  >
                </div>
              </td>
              <td class="wide"><k-mode-badge [mode]="run.mode" /></td>
              <td class="wide">{{ run.as_of | kDate }}</td>
              <td class="k-num middle">{{ run.duration_ms | kDuration }}</td>
              <td class="k-num middle">{{ run.cost | kCost }}</td>
              <td class="k-num middle"><k-time [at]="run.created_at" show="ago" /></td>
            </tr>
          }
        </tbody>
      </table>
    </div>
  `,
  styles: `
    .symbol {
      font-weight: 500;
    }
    .outcome {
      width: 40%;
      max-width: 0;
      min-width: 220px;
    }
    .symbol a {
      color: inherit;
    }
    .outcome a {
      display: block;
      color: var(--mat-sys-on-surface);
    }
    .narrow {
      display: none;
    }
    .pipeline {
      max-width: 220px;
    }
    .pipeline div {
      display: flex;
      gap: 4px;
    }
    .pipeline .k-muted {
      flex: none;
    }
    @media (max-width: 1200px) {
      .wide {
        display: none;
      }
    }
    @media (max-width: 700px) {
      .middle {
        display: none;
      }
      .outcome {
        width: 60%;
        min-width: 0;
      }
      .outcome a {
        display: -webkit-box;
        margin-top: 8px;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        white-space: normal;
      }
      .narrow {
        display: block;
        margin-bottom: 8px;
        overflow: hidden;
        font-size: 12px;
        white-space: nowrap;
        text-overflow: ellipsis;
      }
    }
  `,
})
export class RunTable {
  private readonly router = inject(Router);
  readonly items = input.required<readonly ExecutionSummary[]>();

  protected words(run: ExecutionSummary): string {
    return (
      waitInWords(run) ?? run.outcome ?? run.error ?? (run.finished_at ? 'No trade' : 'Under way')
    );
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, run: ExecutionSummary): void {
    if ((event.target as HTMLElement).closest('a')) return;
    void this.router.navigate(['/runs', run.id]);
  }
}

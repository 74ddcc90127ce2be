import { Component, inject, resource } from '@angular/core';
import { listCosts } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { followRuns } from '@core/runs/follow-runs';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { CostPipe, CountPipe } from '@shared/format/format-pipes';
import { SkeletonRows } from '@shared/skeleton';

/** What runs have cost, by pipeline, deleted ones included. */
@Component({
  selector: 'k-costs-page',
  imports: [CostPipe, CountPipe, EmptyState, ErrorState, SkeletonRows],
  template: `
    <div class="k-page">
      <h1 class="k-sr-only">Costs</h1>
      <div class="k-card">
        @if (costs.error(); as error) {
          <k-error-state [error]="problem(error)" (retry)="costs.reload()" />
        } @else if (costs.hasValue() && !costs.value().items.length) {
          <k-empty-state
            icon="savings"
            title="Nothing has cost anything yet"
            text="Runs by rules are free. What language models and paid agents cost is kept here, by pipeline."
          />
        } @else if (costs.hasValue()) {
          <div class="k-table-wrap">
            <table class="k-table" aria-label="Costs by pipeline">
              <thead>
                <tr>
                  <th class="name">Pipeline</th>
                  <th class="k-num">Runs</th>
                  <th class="k-num tokens">Tokens</th>
                  <th class="k-num">Cost</th>
                </tr>
              </thead>
              <tbody>
                @for (group of costs.value().items; track group.key) {
                  <tr>
                    <td class="name">{{ group.name }}</td>
                    <td class="k-num">{{ group.runs | kCount }}</td>
                    <td class="k-num tokens">
                      {{ group.input_tokens + group.output_tokens | kCount }}
                    </td>
                    <td class="k-num">{{ group.amount | kCost }}</td>
                  </tr>
                }
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row">Total</th>
                  <td></td>
                  <td class="tokens"></td>
                  <td class="k-num">{{ costs.value().total | kCost }}</td>
                </tr>
              </tfoot>
            </table>
          </div>
        } @else {
          <k-skeleton-rows [rows]="6" />
        }
      </div>
    </div>
  `,
  styles: `
    k-error-state {
      margin: 16px;
    }
    @media (max-width: 700px) {
      .tokens {
        display: none;
      }
      .name {
        width: 60%;
        white-space: normal;
        overflow-wrap: anywhere;
      }
    }
  `,
})
export class CostsPage {
  protected readonly costs = resource({
    loader: () => unwrap(listCosts({ query: { group_by: 'pipeline' } })),
  });
  protected readonly problem = toProblemError;

  constructor() {
    inject(PageContext).show([{ label: 'Runs', link: '/runs' }, { label: 'Costs' }]);
    reloadOnRecovery(this.costs);
    followRuns(() => this.costs.reload());
  }
}

import { Component, computed, input } from '@angular/core';
import type { ExecutionOut } from '@core/api';
import { CostPipe, CountPipe, DurationPipe, PercentPipe } from '@shared/format/format-pipes';

/** What each node of a run cost, and its share. */
@Component({
  selector: 'k-cost-table',
  imports: [CostPipe, CountPipe, DurationPipe, PercentPipe],
  template: `
    <div class="k-table-wrap">
      <table class="k-table" aria-label="Cost by node">
        <thead>
          <tr>
            <th>Node</th>
            <th class="k-num">Took</th>
            <th class="k-num">Tokens in</th>
            <th class="k-num">Tokens out</th>
            <th class="k-num">Cost</th>
            <th class="k-num">Share</th>
          </tr>
        </thead>
        <tbody>
          @for (row of rows(); track row.id) {
            <tr>
              <td>{{ row.name }}</td>
              <td class="k-num">{{ row.runtimeMs | kDuration }}</td>
              <td class="k-num">{{ row.tokens?.input | kCount }}</td>
              <td class="k-num">{{ row.tokens?.output | kCount }}</td>
              <td class="k-num">{{ row.cost | kCost }}</td>
              <td class="k-num">{{ row.share | kPercent }}</td>
            </tr>
          }
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td colspan="3"></td>
            <td class="k-num total">{{ run().cost | kCost }}</td>
            <td></td>
          </tr>
        </tfoot>
      </table>
    </div>
  `,
  styles: `
    tfoot th,
    tfoot td {
      height: 44px;
      border-bottom: 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
      color: var(--mat-sys-on-surface);
      font-size: 13px;
    }
    .total {
      font-weight: 500;
    }
  `,
})
export class CostTable {
  readonly run = input.required<ExecutionOut>();

  protected readonly rows = computed(() => {
    const total = Number(this.run().cost);
    return this.run().nodes.map((node) => ({
      id: node.node_id,
      name: node.name,
      runtimeMs: node.runtime_ms,
      tokens: node.tokens,
      cost: node.cost,
      share: total > 0 ? Number(node.cost) / total : null,
    }));
  });
}

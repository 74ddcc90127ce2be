import { Component, inject, resource } from '@angular/core';
import { listCosts, listOrders, type OrderOut } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { CostPipe, CountPipe } from '@shared/format/format-pipes';
import { ListFrame } from '@shared/list-frame';
import { SkeletonRows } from '@shared/skeleton';
import { OrderTable } from './order-table';

const PAGE_SIZE = 50;

/** Everything that was traded and what it cost, deleted pipelines included. */
@Component({
  selector: 'k-statement-page',
  imports: [CostPipe, CountPipe, EmptyState, ErrorState, ListFrame, OrderTable, SkeletonRows],
  template: `
    <div class="k-page">
      <h1 class="k-sr-only">Statement</h1>
      <h2>Orders</h2>
      <k-list-frame [list]="orders">
        <k-order-table [items]="orders.items()" />
        <ng-container ngProjectAs="[empty]">
          <k-empty-state
            icon="receipt_long"
            title="Nothing was ordered yet"
            text="Every order and fill is kept here, also when its pipeline is deleted."
          />
        </ng-container>
      </k-list-frame>
      <h2>Costs by pipeline</h2>
      <div class="k-card">
        @if (costs.error(); as error) {
          <k-error-state [error]="problem(error)" (retry)="costs.reload()" />
        } @else if (costs.hasValue()) {
          <div class="k-table-wrap">
            <table class="k-table" aria-label="Costs by pipeline">
              <thead>
                <tr>
                  <th>Pipeline</th>
                  <th class="k-num">Runs</th>
                  <th class="k-num">Tokens</th>
                  <th class="k-num">Cost</th>
                </tr>
              </thead>
              <tbody>
                @for (group of costs.value().items; track group.key) {
                  <tr>
                    <td>{{ group.name }}</td>
                    <td class="k-num">{{ group.runs | kCount }}</td>
                    <td class="k-num">{{ group.input_tokens + group.output_tokens | kCount }}</td>
                    <td class="k-num">{{ group.amount | kCost }}</td>
                  </tr>
                }
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row">Total</th>
                  <td colspan="2"></td>
                  <td class="k-num">{{ costs.value().total | kCost }}</td>
                </tr>
              </tfoot>
            </table>
          </div>
        } @else {
          <k-skeleton-rows [rows]="4" />
        }
      </div>
    </div>
  `,
  styles: `
    h2 {
      margin: 24px 0 8px;
      font-size: 16px;
      font-weight: 500;
    }
    h2:first-of-type {
      margin-top: 0;
    }
  `,
})
export class StatementPage {
  protected readonly orders = keptList<OrderOut, Record<string, never>>('orders', (_, cursor) =>
    unwrap(listOrders({ query: { cursor, limit: PAGE_SIZE } })),
  );
  protected readonly costs = resource({
    loader: () => unwrap(listCosts({ query: { group_by: 'pipeline' } })),
  });
  protected readonly problem = toProblemError;

  constructor() {
    inject(PageContext).show([{ label: 'Runs', link: '/runs' }, { label: 'Statement' }]);
    reloadOnRecovery(this.costs);
    void this.orders.load({});
  }
}

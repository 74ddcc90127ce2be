import { Component, computed, inject, resource, signal } from '@angular/core';
import { listCosts, listOrders, type OrderOut, type OrderTotalsOut } from '@core/api';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { followRuns } from '@core/runs/follow-runs';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { CostPipe, CountPipe } from '@shared/format/format-pipes';
import { formatMoney, formatQuantity } from '@shared/format/numbers';
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
      <dl class="k-card sums" aria-label="In all">
        <div>
          <dt>Orders</dt>
          <dd>
            @if (totals(); as sums) {
              {{ sums.orders | kCount }}
              <span class="k-muted">{{ sums.filled | kCount }} filled</span>
            } @else {
              –
            }
          </dd>
        </div>
        <div>
          <dt>Commission</dt>
          <dd>{{ commission() }}</dd>
        </div>
        <div>
          <dt>Cost of runs</dt>
          <dd>
            @if (costs.hasValue()) {
              {{ costs.value().total | kCost }}
              @if (costs.value().items.length) {
                <button type="button" class="jump" (click)="bill.scrollIntoView()">
                  by pipeline
                </button>
              }
            } @else {
              –
            }
          </dd>
        </div>
      </dl>
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
      <section [hidden]="orders.loadingFirst()">
        <h2 #bill>Costs by pipeline</h2>
        <div class="k-card">
          @if (costs.error(); as error) {
            <k-error-state [error]="problem(error)" (retry)="costs.reload()" />
          } @else if (costs.hasValue() && !costs.value().items.length) {
            <p class="k-muted none">Nothing has cost anything yet. Runs by rules are free.</p>
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
            <k-skeleton-rows [rows]="4" />
          }
        </div>
      </section>
    </div>
  `,
  styles: `
    h2 {
      margin: 24px 0 8px;
      font-size: 16px;
      font-weight: 500;
    }
    dl + h2 {
      margin-top: 0;
    }
    .sums {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 40px;
      margin: 0 0 20px;
      padding: 12px 16px;
    }
    .sums dt {
      color: var(--mat-sys-on-surface-variant);
      font-size: 12px;
    }
    .sums dd {
      margin: 0;
      font-size: 16px;
      font-variant-numeric: tabular-nums;
    }
    .sums span,
    .jump {
      font-size: 13px;
    }
    .jump {
      min-height: 24px;
      margin: -4px 0; /* big enough to hit, and the line stays as high as its neighbours */
      padding: 0;
      border: 0;
      background: none;
      color: var(--mat-sys-primary);
      font-family: inherit;
      text-decoration: underline;
      cursor: pointer;
    }
    .none {
      padding: 24px 16px;
      text-align: center;
      text-wrap: balance;
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
      .sums {
        display: grid;
      }
      .sums div {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 16px;
      }
      .sums dd {
        text-align: end;
      }
    }
  `,
})
export class StatementPage {
  protected readonly totals = signal<OrderTotalsOut | null>(null);
  protected readonly orders = keptList<OrderOut, Record<string, never>>(
    'orders',
    async (_, cursor) => {
      const page = await unwrap(listOrders({ query: { cursor, limit: PAGE_SIZE } }));
      this.totals.set(page.totals);
      return page;
    },
  );
  protected readonly costs = resource({
    loader: () => unwrap(listCosts({ query: { group_by: 'pipeline' } })),
  });
  protected readonly problem = toProblemError;

  /** Each currency's, in its own words; dollars as everywhere. */
  protected readonly commission = computed(() => {
    const { commissions } = this.totals() ?? {};
    if (!commissions) return '–';
    if (!commissions.length) return formatMoney('0');
    return commissions
      .map(({ amount, currency }) =>
        currency === 'USD' ? formatMoney(amount) : `${formatQuantity(amount)} ${currency}`,
      )
      .join(', ');
  });

  constructor() {
    inject(PageContext).show([{ label: 'Runs', link: '/runs' }, { label: 'Statement' }]);
    reloadOnRecovery(this.costs);
    void this.orders.load({});
    followRuns(() => {
      void this.orders.catchUp(({ id }) => id);
      this.costs.reload();
    });
  }
}

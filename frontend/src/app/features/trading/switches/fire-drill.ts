import { Component, computed, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { type DrillClose, type DrillReport, fireDrill } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { ErrorState } from '@shared/error-state';
import { formatAmount, formatPrice, formatQuantity } from '@shared/format/numbers';
import { formatDuration } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { Time } from '@shared/time';

/** Tries out the red button on a copy of the account: nothing is sent. */
@Component({
  selector: 'k-fire-drill',
  imports: [ErrorState, Icon, MatButton, Time],
  template: `
    <div class="head">
      <div>
        <h2>Fire drill</h2>
        <p class="k-muted">
          Runs “Close all” on a copy of your simulation accounts, at the prices of now. Nothing is
          sent and nothing changes.
        </p>
      </div>
      <button matButton="outlined" type="button" [disabled]="attempt.busy()" (click)="run()">
        {{ attempt.busy() ? 'Running' : 'Run a drill' }}
      </button>
    </div>
    @if (attempt.problem(); as error) {
      <k-error-state [error]="error" (retry)="run()" />
    }
    @if (report(); as report) {
      <div role="status">
        <p class="sum">{{ summary() }} <k-time class="k-muted" [at]="report.at" show="clock" /></p>
        @for (problem of report.problems; track $index) {
          <p class="problem"><k-icon name="warning" [size]="18" />{{ problem }}</p>
        }
        <ul>
          @for (one of report.would_close; track one.position_id) {
            <li>
              <b>{{ one.symbol }}</b> {{ closes(one) }}
            </li>
          }
          @for (one of report.would_cancel; track one.order_id) {
            <li>
              <b>{{ one.symbol }}</b> takes back an entry of {{ quantity(one.quantity) }}
            </li>
          }
        </ul>
      </div>
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      padding: 14px 16px;
      font-size: 13px;
    }
    .head {
      display: flex;
      flex-wrap: wrap;
      align-items: flex-start;
      justify-content: space-between;
      gap: 8px 16px;
    }
    .head > div {
      flex: 1 1 320px;
    }
    .sum {
      font-weight: 500;
    }
    .problem {
      display: flex;
      gap: 8px;
      margin-top: 6px;
      color: var(--k-warning);
    }
    ul {
      margin: 8px 0 0;
      padding: 0;
      list-style: none;
    }
    li {
      padding: 6px 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
  `,
  host: { class: 'k-card' },
})
export class FireDrill {
  protected readonly attempt = new Attempt();
  protected readonly report = signal<DrillReport | null>(null);
  protected readonly summary = computed(() => {
    const report = this.report();
    if (!report) return '';
    const closes = counted(report.would_close.length, 'position');
    const cancels = counted(report.would_cancel.length, 'entry', 'entries');
    const took = formatDuration(report.took_ms);
    return `It would close ${closes} and take back ${cancels}. It took ${took}.`;
  });
  protected readonly quantity = formatQuantity;

  protected closes({ currency, price, proceeds, quantity, text }: DrillClose): string {
    const closed = `closes ${formatQuantity(quantity)}`;
    if (price === null) return `${closed}: ${text}`;
    return `${closed} at ${formatPrice(price)} for ${formatAmount(proceeds, currency)}`;
  }

  protected async run(): Promise<void> {
    await this.attempt.make(async () => {
      this.report.set(await unwrap(fireDrill({ body: { mode: 'simulation' } })));
    });
  }
}

function counted(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? `no ${many}` : `${count} ${count === 1 ? one : many}`;
}

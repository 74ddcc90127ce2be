import { Component, inject, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { refreshScanner, type ScannerOut } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { unwrap } from '@core/http/unwrap';
import { MatSnackBar } from '@angular/material/snack-bar';
import { ErrorState } from '@shared/error-state';
import { Notice } from '@shared/notice';
import { StatusBadge } from '@shared/status-badge';
import { Time } from '@shared/time';
import { isDraftOnly } from './scanner-uses';

/** How a stored scanner is doing: its tickers, when they were looked up, who uses them. */
@Component({
  selector: 'k-scanner-facts',
  imports: [RouterLink, MatButton, ErrorState, Notice, StatusBadge, Time],
  template: `
    <header>
      <h2>In use now</h2>
      @if (scanner().kind !== 'manual') {
        <button matButton="outlined" type="button" [disabled]="busy()" (click)="refresh()">
          {{ busy() ? 'Looking' : 'Look again now' }}
        </button>
      }
    </header>
    @if (problem(); as error) {
      <k-error-state [error]="error" [retryable]="false" />
    }
    @if (scanner().refresh_error; as error) {
      <k-notice kind="warning" icon="warning"
        >The last look failed: {{ error }} The tickers from before are kept.</k-notice
      >
    }
    <dl>
      @if (scanner().kind !== 'manual') {
        <div>
          <dt>Last looked</dt>
          <dd><k-time show="ago" [at]="scanner().refreshed_at" /></dd>
        </div>
        <div>
          <dt>Next</dt>
          <dd><k-time [at]="scanner().next_refresh_at" /></dd>
        </div>
      }
      <div>
        <dt>Tickers</dt>
        <dd>
          {{ scanner().tickers.length }}
          @if (scanner().tickers.length) {
            <p class="k-muted tickers">
              @for (ticker of scanner().tickers; track ticker) {
                <a [routerLink]="['/symbols', ticker]">{{ ticker }}</a
                >{{ $last ? '' : ', ' }}
              }
            </p>
          }
        </dd>
      </div>
      <div>
        <dt>Used by</dt>
        <dd>
          @for (use of scanner().used_by; track use.pipeline_id) {
            <p class="use">
              <a [routerLink]="['/pipelines', use.pipeline_id]">{{ use.name }}</a>
              @if (isDraftOnly(use)) {
                <span class="k-muted">Draft only</span>
              } @else {
                <k-status-badge [status]="use.status" />
              }
            </p>
          } @empty {
            <span class="k-muted">No pipeline yet</span>
          }
        </dd>
      </div>
    </dl>
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      padding: 16px;
      font-size: 13px;
    }
    header {
      display: flex;
      align-items: center;
      justify-content: space-between;
      min-height: 32px;
    }
    dl div {
      display: grid;
      grid-template-columns: 96px minmax(0, 1fr);
      gap: 12px;
      padding: 4px 0;
    }
    dt {
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      overflow-wrap: anywhere;
    }
    .tickers {
      max-height: 120px;
      overflow-y: auto;
    }
    .use {
      display: flex;
      justify-content: space-between;
      gap: 12px;
    }
    .use a {
      padding: 2px 0;
      line-height: 22px;
    }
  `,
})
export class ScannerFacts {
  private readonly messages = inject(MatSnackBar);

  readonly scanner = input.required<ScannerOut>();
  readonly refreshed = output();

  protected readonly isDraftOnly = isDraftOnly;
  private readonly attempt = new Attempt();
  protected readonly busy = this.attempt.busy;
  protected readonly problem = this.attempt.problem;

  protected async refresh(): Promise<void> {
    await this.attempt.make(async () => {
      const found = await unwrap(refreshScanner({ path: { scanner_id: this.scanner().id } }));
      if (!found.refresh_error) {
        this.messages.open(`Found ${found.tickers.length} tickers`, undefined, { duration: 4000 });
      }
      this.refreshed.emit();
    });
  }
}

import { Component, computed, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import { PageContext } from '@core/page/page-context';
import { Accounts } from '@core/trading/accounts';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { ListHead } from '@shared/list-head';
import { ModeBadge } from '@shared/mode-badge';
import type { TradingMode } from '@shared/mode';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';
import { Time } from '@shared/time';
import { BalanceFacts } from './balance-facts';
import { NewAccountDialog } from './new-account-dialog';

/** The trading accounts, and what each is worth. */
@Component({
  selector: 'k-accounts-page',
  imports: [
    BalanceFacts,
    EmptyState,
    ErrorState,
    Icon,
    ListHead,
    MatButton,
    ModeBadge,
    Notice,
    RouterLink,
    Skeleton,
    Time,
  ],
  template: `
    <div class="k-page">
      <k-list-head title="Accounts" hint="What pipelines and you trade in.">
        <ng-container actions>
          <button matButton="outlined" type="button" (click)="add()">
            <k-icon name="add" [size]="18" />New account
          </button>
        </ng-container>
      </k-list-head>
      @if (accounts.error(); as error) {
        <k-error-state class="spaced" [error]="error" (retry)="accounts.reload()" />
      }
      @if (accounts.items(); as items) {
        <ul>
          @for (account of accounts.open(); track account.id) {
            <li class="k-card">
              <div class="head">
                <a class="name" [routerLink]="['/accounts', account.id]">{{ account.name }}</a>
                <k-mode-badge [mode]="modeOf(account.mode)" />
              </div>
              <k-balance-facts [account]="account" />
              @if (account.entries_blocked; as why) {
                <k-notice kind="warning" icon="block">No entries: {{ why }}</k-notice>
              }
            </li>
          } @empty {
            <li class="k-card">
              <k-empty-state
                icon="account_balance_wallet"
                title="There is no open account"
                text="A simulation account is free and holds simulated money."
              >
                <button matButton="filled" type="button" (click)="add()">New account</button>
              </k-empty-state>
            </li>
          }
        </ul>
        @if (ended().length) {
          <h2>Reset</h2>
          <ul class="ended k-card">
            @for (account of ended(); track account.id) {
              <li>
                <a class="k-ellipsis" [routerLink]="['/accounts', account.id]">{{
                  account.name
                }}</a>
                <span class="k-muted">opened <k-time [at]="account.created_at" show="ago" /></span>
              </li>
            }
          </ul>
        }
      } @else if (!accounts.error()) {
        <div class="loading" aria-busy="true">
          <k-skeleton [height]="112" />
          <k-skeleton [height]="112" />
        </div>
      }
    </div>
  `,
  styles: `
    ul {
      display: grid;
      gap: 12px;
      margin: 0;
      padding: 0;
      list-style: none;
    }
    ul:not(.ended) > li {
      display: grid;
      gap: 10px;
      padding: 14px 16px;
    }
    .head {
      display: flex;
      align-items: center;
      gap: 12px;
      min-width: 0;
    }
    .name {
      min-width: 0;
      font-size: 16px;
      font-weight: 500;
      overflow-wrap: anywhere;
    }
    h2 {
      margin: 24px 0 10px;
    }
    .ended {
      gap: 0;
    }
    .ended li {
      display: flex;
      justify-content: space-between;
      gap: 16px;
      padding: 10px 16px;
      font-size: 13px;
    }
    .ended li + li {
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    .spaced {
      margin-bottom: 16px;
    }
    .loading {
      display: grid;
      gap: 12px;
    }
  `,
})
export class AccountsPage {
  private readonly dialogs = inject(MatDialog);
  protected readonly accounts = inject(Accounts);
  protected readonly ended = computed(
    () => this.accounts.items()?.filter(({ status }) => status !== 'open') ?? [],
  );

  constructor() {
    inject(PageContext).show([{ label: 'Accounts' }]);
  }

  protected add(): void {
    this.dialogs.open(NewAccountDialog, { width: '440px' });
  }

  protected modeOf(mode: string): TradingMode {
    return mode as TradingMode;
  }
}

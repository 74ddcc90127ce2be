import { HttpClient } from '@angular/common/http';
import {
  Component,
  computed,
  DestroyRef,
  effect,
  inject,
  input,
  resource,
  signal,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { Router, RouterLink } from '@angular/router';
import { getEquity, type LedgerEntry, listLedgerEntries, type Mode, resetAccount } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { reloadOnRecovery } from '@core/http/reload-on-recovery';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { Accounts } from '@core/trading/accounts';
import { OpenPositions } from '@core/trading/open-positions';
import { confirm } from '@shared/confirm-dialog';
import { download } from '@shared/download';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { FilterChips } from '@shared/filter-chips';
import { formatAmount } from '@shared/format/numbers';
import { ListFrame } from '@shared/list-frame';
import { ModeBadge } from '@shared/mode-badge';
import type { TradingMode } from '@shared/mode';
import { Notice } from '@shared/notice';
import { Skeleton } from '@shared/skeleton';
import { ValueChart } from '@shared/value-chart';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { BalanceFacts } from './balance-facts';
import { DepositDialog } from './deposit-dialog';
import { LedgerTable } from './ledger-table';
import { OptionsForm } from './options-form';

const PAGE_SIZE = 50;
const DAY_MS = 86_400_000;
const SPANS = [
  { value: 1, label: '1 day' },
  { value: 7, label: '1 week' },
  { value: 30, label: '1 month' },
  { value: 365, label: '1 year' },
] as const;

/** One account: balances, equity over time, options, ledger, deposits and reset. */
@Component({
  selector: 'k-account-page',
  imports: [
    BalanceFacts,
    EmptyState,
    ErrorState,
    FilterChips,
    LedgerTable,
    ListFrame,
    MatButton,
    ModeBadge,
    Notice,
    OptionsForm,
    RouterLink,
    Skeleton,
    ValueChart,
  ],
  templateUrl: './account-page.html',
  styleUrl: './account-page.scss',
})
export class AccountPage {
  private readonly dialogs = inject(MatDialog);
  private readonly http = inject(HttpClient);
  private readonly router = inject(Router);
  private readonly positions = inject(OpenPositions);
  protected readonly accounts = inject(Accounts);
  protected readonly attempt = new Attempt();

  /** As it stands in the address. */
  readonly id = input.required<string>();

  protected readonly spans = SPANS;
  protected readonly days = signal<number>(7);
  protected readonly account = computed(() => this.accounts.find(this.id()));
  protected readonly unknown = computed(() => this.accounts.items() !== null && !this.account());
  protected readonly held = computed(
    () => this.positions.items()?.filter(({ account_id }) => account_id === this.id()).length ?? 0,
  );
  protected readonly equity = resource({
    params: () => ({ account_id: this.id(), days: this.days() }),
    loader: ({ params: { account_id, days } }) => {
      const from = new Date(Date.now() - days * DAY_MS).toISOString();
      return unwrap(getEquity({ path: { account_id }, query: { from } }));
    },
  });
  /** With what it is worth now at the end. */
  protected readonly points = computed(() => {
    const account = this.account();
    if (!this.equity.hasValue() || !account) return null;
    const points = this.equity
      .value()
      .items.map(({ at, equity }) => ({ at, value: Number(equity) }));
    const now = { at: new Date().toISOString(), value: Number(account.equity) };
    return account.status === 'open' ? [...points, now] : points;
  });
  protected readonly ledger = keptList<LedgerEntry, { readonly account: string }>(
    'ledger',
    ({ account: account_id }, cursor) =>
      unwrap(listLedgerEntries({ path: { account_id }, query: { cursor, limit: PAGE_SIZE } })),
  );

  constructor() {
    reloadOnRecovery(this.equity);
    const page = inject(PageContext);
    effect(() => {
      const account = this.account();
      const crumbs = [
        { label: 'Accounts', link: '/accounts' },
        { label: account?.name ?? 'Account' },
      ];
      page.show(crumbs, (account?.mode as Mode | undefined) ?? null);
    });
    effect(() => void this.ledger.load({ account: this.id() }));
    const stop = this.accounts.hear((news) => {
      if (news.type === 'look_again' || news.account_id === this.id())
        void this.ledger.catchUp(({ id }) => id);
    });
    inject(DestroyRef).onDestroy(stop);
  }

  protected async deposit(): Promise<void> {
    const options = { data: this.account(), width: '400px' };
    const opened = this.dialogs.open<DepositDialog, unknown, boolean>(DepositDialog, options);
    if (await firstValueFrom(opened.afterClosed())) await this.ledger.catchUp(({ id }) => id);
  }

  protected async reset(): Promise<void> {
    const account = this.account();
    if (!account) return;
    const { name, simulation } = account;
    const held = this.held();
    const open = held
      ? `${held === 1 ? 'Its open position is' : `Its ${held} open positions are`} closed without profit or loss and its orders cancelled. `
      : 'Its orders are cancelled. ';
    const balance = formatAmount(simulation?.starting_balance, account.currency);
    const sure = await confirm(this.dialogs, {
      title: `Reset ${name}?`,
      text: `${open}A new account of the same name begins with ${balance}, and its pipelines follow. Ledger and statement of this one stay. This cannot be undone.`,
      action: 'Reset account',
      typedName: name,
    });
    if (!sure) return;
    await this.attempt.make(async () => {
      const fresh = await unwrap(resetAccount({ path: { account_id: account.id } }));
      await this.accounts.reload();
      await this.router.navigate(['/accounts', fresh.id]);
    });
  }

  protected async export(): Promise<void> {
    const account = this.account();
    if (!account) return;
    await this.attempt.make(async () => {
      const address = `/api/v1/accounts/${account.id}/statement.csv`;
      const text = await lastValueFrom(this.http.get(address, { responseType: 'text' }));
      const file = new Blob([text], { type: 'text/csv' });
      download(`statement-${account.name.replaceAll(/[^\w-]+/g, '-')}.csv`, file);
    }, 'export');
  }

  protected modeOf(mode: string): TradingMode {
    return mode as TradingMode;
  }
}

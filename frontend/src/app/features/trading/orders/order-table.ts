import { Component, inject, input, signal } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import {
  inForceInWords,
  intentInWords,
  isOpen,
  legInWords,
  termsInWords,
  whyOf,
} from '@core/trading/order-words';
import type { OrderOut } from '@core/api';
import { Accounts } from '@core/trading/accounts';
import { AmountPipe, AveragePipe, PricePipe, QuantityPipe } from '@shared/format/format-pipes';
import { Icon } from '@shared/icon';
import { ModeBadge } from '@shared/mode-badge';
import { RowToggle } from '@shared/row-toggle';
import { Time } from '@shared/time';
import { CancelOrder } from './cancel-order';
import { FillTable } from './fill-table';
import { OrderState } from './order-state';

const BOOKED = { pending: 'Not yet', settled: 'Yes', failed: 'Failed' } as const;

/** Orders as rows: how each stands, and why it waits or was refused. A row opens to its fills. */
@Component({
  selector: 'k-order-table',
  imports: [
    AmountPipe,
    AveragePipe,
    FillTable,
    Icon,
    MatIconButton,
    ModeBadge,
    OrderState,
    PricePipe,
    QuantityPipe,
    RouterLink,
    RowToggle,
    Time,
  ],
  templateUrl: './order-table.html',
  styleUrl: './order-table.scss',
})
export class OrderTable {
  private readonly accounts = inject(Accounts);
  protected readonly cancel = inject(CancelOrder);

  readonly items = input.required<readonly OrderOut[]>();
  /** They are those of one position, whose page shows the rest. */
  readonly ofPosition = input(false);

  /** Which row is open. */
  protected readonly opened = signal<string | null>(null);

  protected readonly booked = BOOKED;
  protected readonly inForce = inForceInWords;
  protected readonly intent = intentInWords;
  protected readonly isOpen = isOpen;
  protected readonly leg = legInWords;
  protected readonly terms = termsInWords;
  protected readonly why = whyOf;

  protected toggle(event: Event, { id }: OrderOut): void {
    const part = (event.target as Element).closest('a, button');
    if (part && !part.closest('k-row-toggle')) return;
    this.opened.update((open) => (open === id ? null : id));
  }

  protected currencyOf({ account_id }: OrderOut): string {
    return this.accounts.find(account_id)?.currency ?? 'USD';
  }

  protected accountOf({ account_id }: OrderOut): string | null {
    return this.accounts.find(account_id)?.name ?? null;
  }
}

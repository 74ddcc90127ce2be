import { Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { RouterLink } from '@angular/router';
import { Departure } from '@core/auth/departure';
import { Session } from '@core/auth/session';
import { SystemInfoStore } from '@core/system/system-info';
import { Theme } from '@core/theme/theme';
import { Skeleton } from '@shared/skeleton';
import { KeyList } from './api-keys/key-list';
import { BudgetForm } from './budget-form';
import { LimitList } from './limit-list';

/** Who one is, what runs may spend, and how the app looks. */
@Component({
  selector: 'k-account-page',
  imports: [RouterLink, MatButton, MatButtonToggleModule, BudgetForm, KeyList, LimitList, Skeleton],
  templateUrl: './account-page.html',
  styleUrl: './account-page.scss',
})
export class AccountPage {
  protected readonly session = inject(Session);
  protected readonly theme = inject(Theme);
  protected readonly system = inject(SystemInfoStore);
  protected readonly departure = inject(Departure);
}

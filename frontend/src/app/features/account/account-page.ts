import { TitleCasePipe } from '@angular/common';
import { Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import { Router, RouterLink } from '@angular/router';
import { Session } from '@core/auth/session';
import { LiveSocket } from '@core/socket/live-socket';
import { SystemInfoStore } from '@core/system/system-info';
import { Theme } from '@core/theme/theme';
import { BudgetForm } from './budget-form';

/** Who one is, what runs may spend, and how the app looks. */
@Component({
  selector: 'k-account-page',
  imports: [RouterLink, TitleCasePipe, MatButton, MatButtonToggleModule, BudgetForm],
  templateUrl: './account-page.html',
  styleUrl: './account-page.scss',
})
export class AccountPage {
  protected readonly session = inject(Session);
  protected readonly theme = inject(Theme);
  protected readonly system = inject(SystemInfoStore);
  private readonly socket = inject(LiveSocket);
  private readonly router = inject(Router);

  protected async logOut(): Promise<void> {
    this.socket.disconnect();
    await this.session.logOut();
    await this.router.navigate(['/login']);
  }
}

import { Component, computed, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { Session } from '@core/auth/session';

/** What the pages about the installation have in common; dead letters are for admins. */
@Component({
  selector: 'k-system-frame',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    @if (admin()) {
      <nav class="k-tabs" aria-label="System">
        <a
          routerLink="/system"
          routerLinkActive="on"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{ exact: true }"
          >Services</a
        >
        <a routerLink="/system/dead-letters" routerLinkActive="on" ariaCurrentWhenActive="page"
          >Dead letters</a
        >
      </nav>
    }
    <router-outlet />
  `,
})
export class SystemFrame {
  private readonly session = inject(Session);
  protected readonly admin = computed(() => this.session.user()?.role === 'admin');
}

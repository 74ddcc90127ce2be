import { Component, computed, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { Session } from '@core/auth/session';

const TABS = [
  { label: 'Services', link: '/system', exact: true, admin: false },
  { label: 'Dead letters', link: '/system/dead-letters', exact: false, admin: true },
  { label: 'Record', link: '/system/audit', exact: false, admin: false },
  { label: 'Events', link: '/system/events', exact: false, admin: false },
];

/**
 * What the pages about the installation have in common. Dead letters are for admins; of the record
 * and the events everybody sees their own.
 */
@Component({
  selector: 'k-system-frame',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <nav class="k-tabs" aria-label="System">
      @for (tab of tabs(); track tab.link) {
        <a
          [routerLink]="tab.link"
          routerLinkActive="on"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{
            paths: tab.exact ? 'exact' : 'subset',
            queryParams: 'ignored',
            matrixParams: 'ignored',
            fragment: 'ignored',
          }"
          >{{ tab.label }}</a
        >
      }
    </nav>
    <router-outlet />
  `,
})
export class SystemFrame {
  private readonly session = inject(Session);
  protected readonly tabs = computed(() => {
    const admin = this.session.user()?.role === 'admin';
    return TABS.filter((tab) => admin || !tab.admin);
  });
}

import { Component, computed, inject } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { Session } from '@core/auth/session';
import { TabsNav } from '@shared/tabs-nav';

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
  imports: [RouterOutlet, TabsNav],
  template: `
    <k-tabs-nav label="System" [tabs]="tabs()" />
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

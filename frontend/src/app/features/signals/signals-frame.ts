import { Component } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';

const TABS = [
  { label: 'Stream', link: '/signals', exact: true },
  { label: 'Scanners', link: '/signals/scanners', exact: false },
  { label: 'Webhooks', link: '/signals/webhooks', exact: false },
  { label: 'Generators', link: '/signals/generators', exact: false },
];

/** What the pages about signals have in common: the way from one to the other. */
@Component({
  selector: 'k-signals-frame',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <nav class="k-tabs" aria-label="Signals">
      @for (tab of tabs; track tab.link) {
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
export class SignalsFrame {
  protected readonly tabs = TABS;
}

import { Component } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';

const TABS = [
  { label: 'Runs', link: '/runs' },
  { label: 'Costs', link: '/runs/costs' },
];

/** What has run and what came of it: the way from one to the other. */
@Component({
  selector: 'k-runs-frame',
  imports: [RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <nav class="k-tabs" aria-label="Runs">
      @for (tab of tabs; track tab.link) {
        <a
          [routerLink]="tab.link"
          routerLinkActive="on"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{
            paths: 'exact',
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
export class RunsFrame {
  protected readonly tabs = TABS;
}

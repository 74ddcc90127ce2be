import { Component, input } from '@angular/core';
import { RouterLink, RouterLinkActive } from '@angular/router';

export interface Tab {
  readonly label: string;
  readonly link: string;
  /** Whether pages below its address belong to other tabs. */
  readonly exact: boolean;
}

/** The way between the pages of one area. */
@Component({
  selector: 'k-tabs-nav',
  imports: [RouterLink, RouterLinkActive],
  template: `
    <nav class="k-tabs" [attr.aria-label]="label()">
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
  `,
  // The bar sticks within the page and not within its own box.
  styles: `
    :host {
      display: contents;
    }
  `,
})
export class TabsNav {
  /** What the pages are about. */
  readonly label = input.required<string>();
  readonly tabs = input.required<readonly Tab[]>();
}

import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { TabsNav } from '@shared/tabs-nav';

const TABS = [
  { label: 'Stream', link: '/signals', exact: true },
  { label: 'Scanners', link: '/signals/scanners', exact: false },
  { label: 'Webhooks', link: '/signals/webhooks', exact: false },
  { label: 'Generators', link: '/signals/generators', exact: false },
];

/** What the pages about signals have in common: the way from one to the other. */
@Component({
  selector: 'k-signals-frame',
  imports: [RouterOutlet, TabsNav],
  template: `
    <k-tabs-nav label="Signals" [tabs]="tabs" />
    <router-outlet />
  `,
})
export class SignalsFrame {
  protected readonly tabs = TABS;
}

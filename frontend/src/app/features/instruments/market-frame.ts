import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { TabsNav } from '@shared/tabs-nav';

const TABS = [
  { label: 'Instruments', link: '/instruments', exact: false },
  { label: 'Import', link: '/import', exact: false },
];

/** What the pages about prices have in common: the way from one to the other. */
@Component({
  selector: 'k-market-frame',
  imports: [RouterOutlet, TabsNav],
  template: `
    <k-tabs-nav label="Market" [tabs]="tabs" />
    <router-outlet />
  `,
})
export class MarketFrame {
  protected readonly tabs = TABS;
}

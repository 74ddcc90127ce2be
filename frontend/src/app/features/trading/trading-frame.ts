import { Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { TabsNav } from '@shared/tabs-nav';

const TABS = [
  { label: 'Positions', link: '/positions', exact: false },
  { label: 'Orders', link: '/orders', exact: false },
  { label: 'Accounts', link: '/accounts', exact: false },
  { label: 'Switches', link: '/switches', exact: false },
  { label: 'Reconciliation', link: '/reconciliations', exact: false },
];

/** What is held, ordered and booked: the way from one to the other. */
@Component({
  selector: 'k-trading-frame',
  imports: [RouterOutlet, TabsNav],
  template: `
    <k-tabs-nav label="Trading" [tabs]="tabs" />
    <router-outlet />
  `,
})
export class TradingFrame {
  protected readonly tabs = TABS;
}

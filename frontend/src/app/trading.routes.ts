import type { Routes } from '@angular/router';

/** What is held, ordered and booked, and what stops it. */
export const tradingRoutes: Routes = [
  {
    path: '',
    loadComponent: () => import('./features/trading/trading-frame').then((m) => m.TradingFrame),
    children: [
      {
        path: 'positions',
        title: 'Positions',
        loadComponent: () =>
          import('./features/trading/positions/positions-page').then((m) => m.PositionsPage),
      },
      {
        path: 'positions/:id',
        title: 'Position',
        loadComponent: () =>
          import('./features/trading/positions/position-page').then((m) => m.PositionPage),
      },
      {
        path: 'orders',
        title: 'Orders',
        loadComponent: () =>
          import('./features/trading/orders/orders-page').then((m) => m.OrdersPage),
      },
      {
        path: 'accounts',
        title: 'Accounts',
        loadComponent: () =>
          import('./features/trading/accounts/accounts-page').then((m) => m.AccountsPage),
      },
      {
        path: 'accounts/:id',
        title: 'Account',
        loadComponent: () =>
          import('./features/trading/accounts/account-page').then((m) => m.AccountPage),
      },
      {
        path: 'switches',
        title: 'Switches',
        loadComponent: () =>
          import('./features/trading/switches/switches-page').then((m) => m.SwitchesPage),
      },
      {
        path: 'reconciliations',
        title: 'Reconciliation',
        loadComponent: () =>
          import('./features/trading/reconciliations/reconciliations-page').then(
            (m) => m.ReconciliationsPage,
          ),
      },
    ],
  },
];

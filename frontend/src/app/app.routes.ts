import type { Routes } from '@angular/router';
import { requireNoSession, requireSession } from '@core/auth/auth-guard';
import { askBeforeLeaving } from '@core/page/unsaved-work';

export const routes: Routes = [
  {
    path: 'login',
    title: 'Log in',
    canActivate: [requireNoSession],
    loadComponent: () => import('./features/account/login-page').then((m) => m.LoginPage),
  },
  {
    path: 'signup',
    title: 'Sign up',
    canActivate: [requireNoSession],
    loadComponent: () => import('./features/account/signup-page').then((m) => m.SignupPage),
  },
  {
    path: '',
    loadComponent: () => import('./shell/shell').then((m) => m.Shell),
    canActivate: [requireSession],
    children: [
      {
        path: '',
        pathMatch: 'full',
        title: 'Home',
        loadComponent: () =>
          import('./features/dashboard/dashboard-page').then((m) => m.DashboardPage),
      },
      {
        path: 'pipelines',
        title: 'Pipelines',
        loadComponent: () =>
          import('./features/pipelines/pipelines-page').then((m) => m.PipelinesPage),
      },
      {
        path: 'pipelines/templates',
        title: 'Templates',
        loadComponent: () =>
          import('./features/pipelines/templates-page').then((m) => m.TemplatesPage),
      },
      {
        path: 'pipelines/:id',
        title: 'Pipeline',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () =>
          import('./features/pipeline-builder/editor-page').then((m) => m.EditorPage),
      },
      {
        path: 'runs',
        loadComponent: () => import('./features/runs/runs-frame').then((m) => m.RunsFrame),
        children: [
          {
            path: '',
            pathMatch: 'full',
            title: 'Runs',
            loadComponent: () => import('./features/runs/runs-page').then((m) => m.RunsPage),
          },
          {
            path: 'costs',
            title: 'Costs',
            loadComponent: () => import('./features/runs/costs-page').then((m) => m.CostsPage),
          },
          { path: 'statement', redirectTo: '/orders' },
        ],
      },
      {
        path: 'runs/:id',
        title: 'Run',
        loadComponent: () => import('./features/runs/run-page').then((m) => m.RunPage),
      },
      {
        path: 'signals',
        title: 'Signals',
        loadChildren: () => import('./signals.routes').then((m) => m.signalsRoutes),
      },
      {
        path: '',
        loadComponent: () =>
          import('./features/instruments/market-frame').then((m) => m.MarketFrame),
        children: [
          {
            path: 'instruments',
            title: 'Market',
            loadComponent: () =>
              import('./features/instruments/instruments-page').then((m) => m.InstrumentsPage),
          },
          {
            path: 'import',
            title: 'Import',
            loadComponent: () => import('./features/imports/import-page').then((m) => m.ImportPage),
          },
        ],
      },
      { path: '', loadChildren: () => import('./trading.routes').then((m) => m.tradingRoutes) },
      {
        path: 'symbols/:symbol',
        title: 'Symbol',
        loadComponent: () => import('./features/symbols/symbol-page').then((m) => m.SymbolPage),
      },
      {
        path: 'system',
        title: 'System',
        loadChildren: () => import('./system.routes').then((m) => m.systemRoutes),
      },
      {
        path: 'notifications',
        title: 'Notices',
        loadComponent: () =>
          import('./features/notifications/notifications-page').then((m) => m.NotificationsPage),
      },
      {
        path: 'account/notices',
        title: 'Notice preferences',
        loadComponent: () =>
          import('./features/account/notices/notice-preferences-page').then(
            (m) => m.NoticePreferencesPage,
          ),
      },
      {
        path: 'account',
        title: 'Account',
        loadComponent: () => import('./features/account/account-page').then((m) => m.AccountPage),
      },
      {
        path: 'licences',
        title: 'Licences',
        loadComponent: () =>
          import('./features/licences/licences-page').then((m) => m.LicencesPage),
      },
      {
        path: '**',
        title: 'Not found',
        loadComponent: () =>
          import('./features/not-found/not-found-page').then((m) => m.NotFoundPage),
      },
    ],
  },
];

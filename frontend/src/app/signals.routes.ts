import type { Routes } from '@angular/router';
import { askBeforeLeaving } from '@core/page/unsaved-work';

/** Everything about signals: the stream, and what feeds and filters it. */
export const signalsRoutes: Routes = [
  {
    path: '',
    loadComponent: () => import('./features/signals/signals-frame').then((m) => m.SignalsFrame),
    children: [
      {
        path: '',
        pathMatch: 'full',
        title: 'Signals',
        loadComponent: () => import('./features/signals/signals-page').then((m) => m.SignalsPage),
      },
      {
        path: 'scanners',
        title: 'Scanners',
        loadComponent: () =>
          import('./features/scanners/scanners-page').then((m) => m.ScannersPage),
      },
      {
        path: 'scanners/new',
        title: 'New scanner',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () => import('./features/scanners/scanner-page').then((m) => m.ScannerPage),
      },
      {
        path: 'scanners/:id',
        title: 'Scanner',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () => import('./features/scanners/scanner-page').then((m) => m.ScannerPage),
      },
      {
        path: 'webhooks',
        title: 'Webhooks',
        loadComponent: () =>
          import('./features/webhooks/webhooks-page').then((m) => m.WebhooksPage),
      },
      {
        path: 'webhooks/:id',
        title: 'Webhook',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () => import('./features/webhooks/webhook-page').then((m) => m.WebhookPage),
      },
      {
        path: 'generators',
        title: 'Generators',
        loadComponent: () =>
          import('./features/generators/generators-page').then((m) => m.GeneratorsPage),
      },
      {
        path: 'generators/new',
        title: 'New generator',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () =>
          import('./features/generators/generator-page').then((m) => m.GeneratorPage),
      },
      {
        path: 'generators/:id',
        title: 'Generator',
        canDeactivate: [askBeforeLeaving],
        loadComponent: () =>
          import('./features/generators/generator-page').then((m) => m.GeneratorPage),
      },
      {
        path: ':id',
        title: 'Signal',
        loadComponent: () => import('./features/signals/signal-page').then((m) => m.SignalPage),
      },
    ],
  },
];

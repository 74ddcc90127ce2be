import type { Routes } from '@angular/router';
import { requireAdmin } from '@core/auth/auth-guard';

/** How the installation is doing, what happened in it, and what admins mend. */
export const systemRoutes: Routes = [
  {
    path: '',
    loadComponent: () => import('./features/system/system-frame').then((m) => m.SystemFrame),
    children: [
      {
        path: '',
        pathMatch: 'full',
        title: 'Services',
        loadComponent: () => import('./features/system/services-page').then((m) => m.ServicesPage),
      },
      {
        path: 'audit',
        title: 'Record',
        loadComponent: () => import('./features/system/audit-page').then((m) => m.AuditPage),
      },
      {
        path: 'events',
        title: 'Events',
        loadComponent: () => import('./features/system/events-page').then((m) => m.EventsPage),
      },
      {
        path: 'dead-letters',
        title: 'Dead letters',
        canActivate: [requireAdmin],
        loadComponent: () =>
          import('./features/system/dead-letters-page').then((m) => m.DeadLettersPage),
      },
      {
        path: 'dead-letters/:id',
        title: 'Dead letter',
        canActivate: [requireAdmin],
        loadComponent: () =>
          import('./features/system/dead-letter-page').then((m) => m.DeadLetterPage),
      },
    ],
  },
];

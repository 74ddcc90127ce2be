import type { Routes } from '@angular/router';
import { requireSession } from '@core/auth/auth-guard';

export const routes: Routes = [
  {
    path: '',
    loadComponent: () => import('./shell/shell').then((m) => m.Shell),
    canActivate: [requireSession],
    children: [],
  },
];

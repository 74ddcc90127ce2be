import type { Routes } from '@angular/router';
import { requireNoSession, requireSession } from '@core/auth/auth-guard';

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
        path: 'account',
        title: 'Account',
        loadComponent: () => import('./features/account/account-page').then((m) => m.AccountPage),
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

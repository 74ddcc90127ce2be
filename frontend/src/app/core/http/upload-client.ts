import { HttpClient, provideHttpClient, withInterceptors, withXhr } from '@angular/common/http';
import {
  createEnvironmentInjector,
  EnvironmentInjector,
  inject,
  InjectionToken,
} from '@angular/core';
import { authInterceptor } from './auth-interceptor';
import { outageInterceptor } from './reachability';

/** The client for files that are sent: it tells how far it is, which `fetch` cannot. */
export const UPLOAD_CLIENT = new InjectionToken<HttpClient>('upload client', {
  providedIn: 'root',
  factory: () =>
    createEnvironmentInjector(
      [provideHttpClient(withXhr(), withInterceptors([outageInterceptor, authInterceptor]))],
      inject(EnvironmentInjector),
    ).get(HttpClient),
});

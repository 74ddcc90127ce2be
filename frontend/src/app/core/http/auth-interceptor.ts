import {
  HttpErrorResponse,
  type HttpEvent,
  type HttpHandlerFn,
  type HttpInterceptorFn,
  type HttpRequest,
} from '@angular/common/http';
import { inject } from '@angular/core';
import { Router } from '@angular/router';
import { catchError, from, type Observable, switchMap, throwError } from 'rxjs';
import { Session } from '@core/auth/session';
import { toProblemError } from './problem-error';

const AUTH_PATH = '/api/v1/auth/';

/** Adds the access token to API calls; renews it once when it has expired, and repeats the call. */
export const authInterceptor: HttpInterceptorFn = (request, next) => {
  if (!request.url.includes('/api/') || request.url.includes(AUTH_PATH)) return next(request);
  const session = inject(Session);
  const router = inject(Router);
  return next(withToken(request, session.token())).pipe(
    catchError((error: unknown) => {
      if (!(error instanceof HttpErrorResponse) || error.status !== 401) {
        return throwError(() => error);
      }
      return toProblemError(error).code === 'token_expired'
        ? repeat(request, next, session, router, error)
        : leave(session, router, error);
    }),
  );
};

function withToken<T>(request: HttpRequest<T>, token: string | null): HttpRequest<T> {
  return token ? request.clone({ setHeaders: { Authorization: `Bearer ${token}` } }) : request;
}

function repeat(
  request: HttpRequest<unknown>,
  next: HttpHandlerFn,
  session: Session,
  router: Router,
  error: HttpErrorResponse,
): Observable<HttpEvent<unknown>> {
  return from(session.renew()).pipe(
    switchMap((renewed) =>
      renewed ? next(withToken(request, session.token())) : leave(session, router, error),
    ),
  );
}

function leave(session: Session, router: Router, error: HttpErrorResponse): Observable<never> {
  session.forget();
  void router.navigate(['/login'], { queryParams: { next: router.url } });
  return throwError(() => error);
}

import {
  HttpContextToken,
  HttpErrorResponse,
  type HttpEvent,
  type HttpHandlerFn,
  type HttpInterceptorFn,
  type HttpRequest,
} from '@angular/common/http';
import { inject } from '@angular/core';
import { catchError, from, type Observable, switchMap, takeUntil, throwError } from 'rxjs';
import { Session } from '@core/auth/session';
import { ProblemError, toProblemError } from './problem-error';

const AUTH_PATH = '/api/v1/auth/';

/** A call that a log-out breaks off: what it was to store is given up then. */
export const ENDS_AT_LOG_OUT = new HttpContextToken(() => false);

/**
 * Adds the access token to API calls; renews it once when it has expired, and repeats the call. A
 * call that finds the session ended says so to the session, which tells everybody else.
 */
export const authInterceptor: HttpInterceptorFn = (request, handler) => {
  if (!request.url.includes('/api/') || request.url.includes(AUTH_PATH)) return handler(request);
  const next: HttpHandlerFn = (it) => handler(it).pipe(catchError(inWords));
  const session = inject(Session);
  const [token, owner] = [session.token(), session.owner()];
  const answer = next(withToken(request, token)).pipe(
    catchError((error: unknown) => {
      if (!(error instanceof HttpErrorResponse) || error.status !== 401) {
        return throwError(() => error);
      }
      if (session.owner() !== owner) return throwError(() => error);
      if (session.token() !== token) return again(request, next, session, error);
      if (toProblemError(error).code === 'token_expired') {
        return from(session.renew()).pipe(
          switchMap((renewal) => {
            if (renewal === 'away') return unanswered(request);
            if (session.owner() !== owner) return throwError(() => error);
            return again(request, next, session, error);
          }),
        );
      }
      session.end();
      return throwError(() => error);
    }),
  );
  if (!request.context.get(ENDS_AT_LOG_OUT)) return answer;
  return answer.pipe(takeUntil(session.loggingOut.pipe(switchMap(loggedOut))));
};

function loggedOut(): Observable<never> {
  const title = 'Nobody is logged in';
  const problem = { title, status: -1, code: 'logged_out', detail: `${title}.` };
  return throwError(() => new ProblemError(problem));
}

/** Of a file that was refused, the reason is in a blob, as the file would be. */
function inWords(error: unknown): Observable<never> {
  if (!(error instanceof HttpErrorResponse && error.error instanceof Blob)) {
    return throwError(() => error);
  }
  const { headers, status, statusText } = error;
  const url = error.url ?? undefined;
  return from(error.error.text()).pipe(
    switchMap((text) =>
      throwError(() => new HttpErrorResponse({ error: text, headers, status, statusText, url })),
    ),
  );
}

function withToken<T>(request: HttpRequest<T>, token: string | null): HttpRequest<T> {
  return token ? request.clone({ setHeaders: { Authorization: `Bearer ${token}` } }) : request;
}

/** Nobody said whether the session goes on, and so whether the call may be made. */
function unanswered({ url }: HttpRequest<unknown>): Observable<never> {
  return throwError(() => new HttpErrorResponse({ status: 0, url }));
}

/** Repeats the call with the token that there is by now. */
function again(
  request: HttpRequest<unknown>,
  next: HttpHandlerFn,
  session: Session,
  error: HttpErrorResponse,
): Observable<HttpEvent<unknown>> {
  const token = session.token();
  return token ? next(withToken(request, token)) : throwError(() => error);
}

import { HttpClient, type HttpEvent, type HttpRequest } from '@angular/common/http';
import { fromEvent, type Observable, takeUntil } from 'rxjs';

/** The client for one call of the API: the call fails as soon as `signal` aborts it. */
export function abortable(http: HttpClient, signal: AbortSignal): HttpClient {
  const request = (it: HttpRequest<unknown>): Observable<HttpEvent<unknown>> =>
    http.request(it).pipe(takeUntil(fromEvent(signal, 'abort')));
  return Object.assign(Object.create(http) as HttpClient, { request });
}

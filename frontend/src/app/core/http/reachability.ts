import { HttpClient, HttpErrorResponse, type HttpInterceptorFn } from '@angular/common/http';
import { inject, Service, signal } from '@angular/core';
import { catchError, firstValueFrom, throwError } from 'rxjs';
import { outageOf } from './problem-error';

const PROBE_MS = 3_000;
const PATIENCE_MS = 5_000;

interface Readiness {
  readonly checks?: Readonly<Record<string, { readonly ok: boolean } | undefined>>;
}

/**
 * Whether the server can work. Once a call was not answered it asks again and again, and counts
 * each time that it came back, so that pages can go on by themselves.
 */
@Service()
export class Reachability {
  private readonly http = inject(HttpClient);
  private readonly away = signal(false);
  private readonly comebacks = signal(0);
  private timer?: ReturnType<typeof setTimeout>;
  private probing: Promise<boolean> | null = null;

  readonly isAway = this.away.asReadonly();
  /** How often the server came back. */
  readonly recoveries = this.comebacks.asReadonly();

  constructor() {
    window.addEventListener('offline', () => this.lost());
    window.addEventListener('online', () => this.away() && void this.check());
  }

  /**
   * Takes note of a call that failed with `status`; resolves to whether the server is away. One that
   * says itself that it cannot do this is asked whether it can do anything.
   */
  async missed(status: number): Promise<boolean> {
    const outage = outageOf(status);
    if (outage === 'away') this.lost();
    else if (outage === 'perhaps' && !this.away()) await this.check();
    return outage !== null && this.away();
  }

  /** Takes note that the server did not answer. */
  private lost(): void {
    if (this.away()) return;
    this.away.set(true);
    this.wait();
  }

  /** Asks the server now; resolves to whether it can work. */
  check(): Promise<boolean> {
    this.probing ??= this.ask().finally(() => (this.probing = null));
    return this.probing;
  }

  private async ask(): Promise<boolean> {
    clearTimeout(this.timer);
    const able = await this.isAble();
    if (able && this.away()) {
      this.away.set(false);
      this.comebacks.update((count) => count + 1);
    } else if (!able) {
      this.away.set(true);
      this.wait();
    }
    return able;
  }

  /** What the browser app needs: the API and its database. */
  private async isAble(): Promise<boolean> {
    const answer = this.http.get<Readiness>('/ready', { timeout: PATIENCE_MS });
    const said = await firstValueFrom(answer).catch((error: unknown) =>
      error instanceof HttpErrorResponse && error.status === 503
        ? (error.error as Readiness | null)
        : null,
    );
    const { postgres, redis } = said?.checks ?? {};
    return (postgres?.ok ?? false) && (redis?.ok ?? false);
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), PROBE_MS);
  }
}

/** Tells of every API call that was not answered. */
export const outageInterceptor: HttpInterceptorFn = (request, next) => {
  if (!request.url.includes('/api/')) return next(request);
  const reachability = inject(Reachability);
  return next(request).pipe(
    catchError((error: unknown) => {
      if (error instanceof HttpErrorResponse) void reachability.missed(error.status);
      return throwError(() => error);
    }),
  );
};

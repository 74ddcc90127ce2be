import {
  type HttpClient,
  HttpContext,
  HttpErrorResponse,
  type HttpEvent,
  HttpEventType,
} from '@angular/common/http';
import { lastValueFrom, takeUntil, tap } from 'rxjs';
import type { ImportView } from '@core/api';
import { ENDS_AT_LOG_OUT } from '@core/http/auth-interceptor';
import { toProblemError } from '@core/http/problem-error';
import type { ImportJob } from './import-job';

const PREVIEW = '/api/v1/market/imports/preview';
const MOST_TRIES = 6;
const MOST_WAIT_S = 60;
const BUSY = new Set([429, 503]);

/** Stops what goes on when a file is given up. */
export class GivenUp extends Error {}

/** Sends the file of a job to be previewed, and says how far it is; throws ProblemError. */
export async function sendFile(http: HttpClient, job: ImportJob): Promise<ImportView> {
  if (!job.file) throw new Error('The server has the file.');
  const body = new FormData();
  body.set('file', await job.file.open(), job.name);
  return patiently(job, async () => {
    job.sent.set(0);
    const call = http.post<ImportView>(PREVIEW, body, {
      context: new HttpContext().set(ENDS_AT_LOG_OUT, true),
      observe: 'events',
      reportProgress: true,
    });
    const heard = tap((event: HttpEvent<ImportView>) => {
      if (event.type === HttpEventType.UploadProgress && event.total) {
        job.sent.set(event.loaded / event.total);
      }
    });
    const last = await lastValueFrom(call.pipe(heard, takeUntil(job.cancelled)), {
      defaultValue: null,
    });
    if (job.given || last?.type !== HttpEventType.Response || !last.body) throw new GivenUp();
    return last.body;
  });
}

/**
 * Makes a call that is sent again by itself while the server says that it is busy with others, at
 * the time that it names. Throws ProblemError.
 */
async function patiently<T>(job: ImportJob, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const wait_s = attempt < MOST_TRIES ? waitOf(error) : null;
      if (wait_s === null) throw error instanceof GivenUp ? error : toProblemError(error);
      job.sent.set(null);
      job.holdUp.set(`${toProblemError(error).detail} It is sent again by itself.`);
      await new Promise((resolve) => setTimeout(resolve, wait_s * 1_000));
      job.holdUp.set(null);
      if (job.given) throw new GivenUp();
    }
  }
}

/** How long the server asks to wait; null where waiting does not help. */
function waitOf(error: unknown): number | null {
  if (!(error instanceof HttpErrorResponse) || !BUSY.has(error.status)) return null;
  const asked = Number(error.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(asked) && asked <= MOST_WAIT_S ? Math.max(asked, 0) : null;
}

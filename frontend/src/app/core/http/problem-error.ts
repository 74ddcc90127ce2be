import { HttpErrorResponse } from '@angular/common/http';
import type { Problem, ProblemItem } from '@core/api';

/**
 * A refused or failed call, as the server explained it (problem+json), or as well as we can when it
 * could not answer at all. `status` is 0 when the server was not reached.
 */
export class ProblemError extends Error {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly correlationId: string | null;
  readonly errors: readonly ProblemItem[];

  constructor(problem: Pick<Problem, 'title' | 'status' | 'code' | 'detail'> & Partial<Problem>) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.title = problem.title;
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.correlationId = problem.correlation_id ?? null;
    this.errors = problem.errors ?? [];
  }

  /** The message for one form field, or null. */
  forField(field: string): string | null {
    return this.errors.find((item) => item.field === field)?.message ?? null;
  }
}

/** Turns anything thrown by an HTTP call into a ProblemError. */
export function toProblemError(error: unknown, response?: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof HttpErrorResponse) return toProblemError(error.error, error);
  const http = response instanceof HttpErrorResponse ? response : null;
  const body = typeof error === 'string' ? parseJson(error) : error;
  if (isProblem(body)) return new ProblemError(body);
  if (http) return http.status === 0 ? unreachable() : unexplained(http);
  return new ProblemError({
    title: 'Something went wrong in the browser',
    status: -1,
    code: 'client_error',
    detail: error instanceof Error ? error.message : 'The page could not finish what it was doing.',
  });
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value && 'code' in value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable(): ProblemError {
  return new ProblemError({
    title: 'Kuber cannot be reached',
    status: 0,
    code: 'unreachable',
    detail: 'The server did not answer. Nothing was changed. Check that it is running, then retry.',
  });
}

function unexplained(response: HttpErrorResponse): ProblemError {
  return new ProblemError({
    title: `The server answered ${response.status}`,
    status: response.status,
    code: 'unexpected_answer',
    detail: 'It gave no reason. Retry, and report it with the time if it happens again.',
    correlation_id: response.headers.get('X-Correlation-Id'),
  });
}

import { HttpErrorResponse } from '@angular/common/http';
import type { Problem, ProblemItem } from '@core/api';

/** Answers of a server that is not there, and of what stands before it instead of it. */
const NO_SERVER: ReadonlySet<number> = new Set([0, 502, 504]);
/** The server's own word that it cannot do this just now, which may be for this call alone. */
const UNABLE = 503;

/** What a status says of the server: gone, perhaps unable to do anything, or at work. */
export function outageOf(status: number): 'away' | 'perhaps' | null {
  if (NO_SERVER.has(status)) return 'away';
  return status === UNABLE ? 'perhaps' : null;
}

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
  /** It may go well next time, without anything being changed. */
  readonly passes: boolean;
  /** If the server is away, this is why, and goes well once it is back. */
  readonly outage: boolean;

  constructor(problem: Pick<Problem, 'title' | 'status' | 'code' | 'detail'> & Partial<Problem>) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.title = problem.title;
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.correlationId = problem.correlation_id ?? null;
    this.errors = problem.errors ?? [];
    this.passes = this.status === 0 || this.status === 429 || this.status >= 500;
    this.outage = outageOf(this.status) !== null;
  }

  /** Whether any of what is wrong has a place of its own, where a page can show it. */
  get hasPlaces(): boolean {
    return this.errors.some(({ field, line, node_id }) => field ?? line ?? node_id);
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
  if (http) return http.status === 0 ? serverAway() : unexplained(http);
  return new ProblemError({
    title: 'Something went wrong in the browser',
    status: -1,
    code: 'client_error',
    detail: error instanceof Error ? error.message : 'The page could not finish what it was doing.',
  });
}

/** Why something was not done, and what to do, in a sentence or two. */
export function reasonOf(error: unknown): string {
  const { detail, errors } = toProblemError(error);
  const [first] = errors;
  return first ? `${first.message} ${first.remedy ?? ''}`.trim() : detail;
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

/** The server did not answer. What became of the call is not known. */
export function serverAway(): ProblemError {
  return new ProblemError({
    title: 'Kuber cannot be reached',
    status: 0,
    code: 'unreachable',
    detail: 'The server did not answer. Check that it is running.',
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

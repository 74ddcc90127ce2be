import { toProblemError } from './problem-error';

interface CallResult {
  data?: unknown;
  error?: unknown;
  response?: unknown;
}

/** The body of a generated client call; throws ProblemError when the call was refused or failed. */
export async function unwrap<R extends CallResult>(
  call: Promise<R>,
): Promise<NonNullable<R['data']>> {
  const result = await call;
  if (result.error !== undefined) throw toProblemError(result.error, result.response);
  return result.data as NonNullable<R['data']>;
}

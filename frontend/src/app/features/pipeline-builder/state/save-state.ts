import { type ProblemError } from '@core/http/problem-error';

/**
 * `saved`, `pending` (an edit waits for the pause after typing), `saving`, `offline` (it will be
 * tried again), `conflict` (somebody else saved in between), `refused` (the server said no),
 * `deleted` (there is no such pipeline any more).
 */
export type SaveState =
  | 'saved'
  | 'pending'
  | 'saving'
  | 'offline'
  | 'conflict'
  | 'refused'
  | 'deleted';

/**
 * What became of the screen when it met what is stored: `same` (it was that already), `shown` (it
 * is that now), `conflict` (it stands against it), `unknown` (the server did not say).
 */
export type Meeting = 'same' | 'shown' | 'conflict' | 'unknown';

const CONFLICT = 'The pipeline was changed elsewhere: choose above the canvas what to keep.';
const DELETED = 'The pipeline was deleted elsewhere: save it as a new one.';

/** Why the last change is not stored, and what can be done about it. */
export function whyUnsaved(state: SaveState, refusal: ProblemError | null): string {
  if (state === 'conflict') return CONFLICT;
  if (state === 'deleted') return DELETED;
  const remedy = refusal?.code === 'quota_reached' ? refusal.errors[0]?.remedy : '';
  return [refusal?.detail, remedy].filter(Boolean).join(' ');
}

/** Nobody can say whether the server did it: the connection broke, or the server did. */
export function isUnknown(error: ProblemError): boolean {
  return error.status === 0 || error.status >= 500;
}

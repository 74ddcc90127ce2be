import type { ExecutionSummary } from '@core/api';
import { formatClock } from '@shared/format/times';

type Waiting = Pick<ExecutionSummary, 'status' | 'waits_for' | 'wake_at' | 'outcome'>;

/** What a waiting run waits for, and until when; null for others. `nowMs` is today. */
export function waitInWords(run: Waiting, nowMs = Date.now()): string | null {
  if (run.status !== 'waiting' || !run.wake_at) return null;
  const at = formatClock(run.wake_at, nowMs);
  const reason = run.outcome ?? '';
  switch (run.waits_for) {
    case 'breaker':
      return `${reason.replace(/\.$/, '')} until ${at}.`;
    case 'retry':
      return `${reason} Tries again at ${at}.`.trim();
    default:
      return `${reason} Looks again at ${at}.`.trim();
  }
}

import type { ExecutionSummary } from '@core/api';
import { formatClock } from '@shared/format/times';

type Waiting = Pick<ExecutionSummary, 'status' | 'outcome'> &
  Partial<Pick<ExecutionSummary, 'waits_for' | 'wake_at'>>;

/**
 * Until when a waiting run waits, and then for what: where there is little room, the end is cut
 * off. Null for others. `nowMs` is today.
 */
export function waitInWords(run: Waiting, nowMs = Date.now()): string | null {
  if (run.status !== 'waiting' || !run.wake_at) return null;
  return `${verbOf(run)} ${formatClock(run.wake_at, nowMs)}. ${run.outcome ?? ''}`.trim();
}

function verbOf({ waits_for }: Waiting): string {
  switch (waits_for) {
    case 'breaker':
      return 'Waits until';
    case 'retry':
      return 'Tries again at';
    default:
      return 'Looks again at';
  }
}

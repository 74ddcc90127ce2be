import type { Mode, PositionOut } from '@core/api';
import { isOpen } from '@core/trading/open-positions';

/** What the list of positions is narrowed to; null for all. */
export interface PositionFilters {
  readonly status: 'open' | 'closed';
  readonly mode: Mode | null;
  readonly account_id: string | null;
  readonly pipeline_id: string | null;
}

/** Whether a position is in the list that the filters leave. */
export function matches(position: PositionOut, filters: PositionFilters): boolean {
  const { status, mode, account_id: account, pipeline_id: pipeline } = filters;
  return (
    isOpen(position) === (status === 'open') &&
    (position.status !== 'closed' || position.opened_at !== null) &&
    (mode === null || position.mode === mode) &&
    (account === null || position.account_id === account) &&
    (pipeline === null || position.pipeline_id === pipeline)
  );
}

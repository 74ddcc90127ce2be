import type { NodeStatus } from '@core/api';
import type { NodeProgress } from '@core/runs/run-progress';

const STATUS_WORDS: Readonly<Record<NodeStatus, string>> = {
  pending: 'waiting its turn',
  running: 'running',
  waiting: 'paused',
  succeeded: 'done',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/** A node's status as it is spoken. */
export function statusInWords(node: NodeProgress | undefined): string {
  return node ? STATUS_WORDS[node.status] : 'not run yet';
}

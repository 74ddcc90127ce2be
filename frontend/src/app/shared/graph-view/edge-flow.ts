/** `idle`: not decided yet; `flowing`: data is on its way; `taken`, `skipped`: how it ended. */
export type EdgeFlow = 'idle' | 'flowing' | 'taken' | 'skipped';

/** What of a node's part in a run decides which way the run went. */
export interface Passage {
  readonly status: string;
  /** The port it was left by, as recorded. */
  readonly port?: string | null;
}

const OUT = 'out';
const ERROR = 'error';

/**
 * How an edge by `port` looks during and after a run. It is taken only when the node was left by that
 * very port: by the error port when it failed; the plain way out is always taken when it did not.
 */
export function edgeFlow(
  from: Passage | undefined,
  to: Passage | undefined,
  port: string,
): EdgeFlow {
  if (!from || !to || from.status === 'pending') return 'idle';
  if (from.status === 'skipped' || to.status === 'skipped') return 'skipped';
  if (from.status !== 'succeeded' && from.status !== 'failed') return 'idle';
  if (!leftBy(from, port)) return 'skipped';
  if (to.status === 'running' || to.status === 'waiting') return 'flowing';
  return to.status === 'pending' ? 'idle' : 'taken';
}

function leftBy({ status, port: left }: Passage, port: string): boolean {
  if (status === 'failed' || port === ERROR) return status === 'failed' && port === ERROR;
  return port === OUT || port === left;
}

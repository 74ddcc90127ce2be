import type { ExecutionOut } from '@core/api';
import { type Decision, splitDecision } from '@shared/format/decision';
import { formatPrice, formatQuantity } from '@shared/format/numbers';
import { waitInWords } from '@core/runs/wait-words';

/** The decision of a run, split after its first sentence. */
export function headlineOf(run: ExecutionOut): Decision {
  return splitDecision(decisionOf(run));
}

/** What the run decided, or where it stands, as one sentence. */
export function decisionOf(run: ExecutionOut): string {
  const bought = run.status === 'cancelled' ? filledInWords(run.trade) : null;
  if (bought) return `Cancelled after it ${bought}`;
  const wait = waitInWords(run);
  if (wait) return wait;
  if (run.outcome) return run.outcome;
  switch (run.status) {
    case 'pending':
      return 'Waiting for a worker';
    case 'running':
      return `Running ${nameOf(run, (node) => node.status === 'running') ?? 'the next node'}`;
    case 'waiting':
      return `Waiting at ${nameOf(run, (node) => node.status === 'waiting') ?? 'a node'}`;
    case 'cancelled':
      return 'Cancelled, nothing more was done';
    case 'failed':
      return failure(run);
    case 'succeeded':
      return 'Finished without a trade';
  }
}

/** What was filled of a trade; null: nothing. */
function filledInWords(trade: ExecutionOut['trade']): string | null {
  if (!trade?.fills.length) return null;
  const verb = trade.action === 'buy' ? 'bought' : 'sold';
  const price = formatPrice(trade.entry_price);
  return `${verb} ${formatQuantity(trade.quantity)} ${trade.symbol} at ${price}`;
}

function failure(run: ExecutionOut): string {
  const at = nameOf(run, (node) => node.node_id === run.error?.node_id);
  return at ? `Failed at ${at}` : 'The run failed';
}

function nameOf(
  run: ExecutionOut,
  test: (node: ExecutionOut['nodes'][number]) => boolean,
): string | undefined {
  return run.nodes.find(test)?.name;
}

/** What a run tells of one of its nodes. */
export interface ToldNode {
  readonly node_id: string;
  readonly status: string;
  /** Null or absent for one that was never reached. */
  readonly started_at?: string | null;
  /** The port it was left by. */
  readonly port?: string | null;
  /** The sections that it wrote. */
  readonly output?: Readonly<Record<string, unknown>> | null;
}

const BY_ITSELF = 'out';

/**
 * The node to look at: the one that failed, the one at work, else the one that the outcome is about.
 * Goes by the same order as the outcome's sentence: a trade, what was called off while it worked or
 * waited, a plan to hold, a refusal by risk, a plan that was led past the trade, a bias. Nodes come in
 * the order in which they ran.
 */
export function explainingNode(nodes: readonly ToldNode[]): string | null {
  const halted =
    nodes.find(({ status }) => status === 'failed') ??
    nodes.find(({ status }) => status === 'running' || status === 'waiting');
  const done = nodes.filter(({ status }) => status === 'succeeded');
  const traded = lastWriter(done, 'trade');
  const calledOff = nodes.find(({ status, started_at }) => status === 'cancelled' && started_at);
  return (halted ?? traded ?? calledOff ?? deciding(done))?.node_id ?? null;
}

function deciding(nodes: readonly ToldNode[]): ToldNode | undefined {
  const plan = lastWriter(nodes, 'strategy');
  const risk = lastWriter(nodes, 'risk');
  if (plan && field(plan, 'strategy', 'action') === 'HOLD') return plan;
  if (risk && field(risk, 'risk', 'approved') === false) return risk;
  if (plan) return switchAfter(nodes, plan) ?? risk ?? plan;
  return lastWriter(nodes, 'bias');
}

function lastWriter(nodes: readonly ToldNode[], section: string): ToldNode | undefined {
  return nodes.findLast(({ output }) => output?.[section]);
}

/** The last node behind the plan that chose one of several ways. */
function switchAfter(nodes: readonly ToldNode[], plan: ToldNode): ToldNode | undefined {
  return nodes
    .slice(nodes.indexOf(plan) + 1)
    .findLast(({ port }) => port !== null && port !== undefined && port !== BY_ITSELF);
}

function field(node: ToldNode, section: string, name: string): unknown {
  return (node.output?.[section] as Record<string, unknown> | null | undefined)?.[name];
}

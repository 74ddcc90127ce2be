/** A small catalogue and a graph builder for the tests of the editor. */

import type { AgentSpec, Catalogue } from './catalogue';
import { catalogueOf } from './catalogue';
import type { Config, PipelineEdge, PipelineGraph, PipelineNode } from './graph';
import { edgeId } from './graph';

const BASE: AgentSpec = {
  agent_type: 'base',
  name: 'Base',
  description: 'An agent.',
  category: 'data',
  version: '1.0.0',
  icon: 'bolt',
  price_per_hour: '0',
  per_symbol: false,
  uses_llm: false,
  expected_tokens: null,
  config_schema: { type: 'object', properties: {}, additionalProperties: false },
  inputs: [],
  outputs: [],
  ports: [{ name: 'out', label: 'Out' }],
  timeframes: [],
  provider: 'built-in',
};

const STRATEGY_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['method'],
  'x-summary': '{method} {length}, {timeframe}',
  properties: {
    method: {
      type: 'string',
      title: 'Method',
      enum: ['rsi', 'golden_cross'],
      default: 'rsi',
      'x-enum-labels': { rsi: 'RSI', golden_cross: 'Golden cross' },
    },
    length: { type: 'integer', title: 'Length', minimum: 2, maximum: 200, default: 14 },
    timeframe: {
      anyOf: [{ type: 'string' }, { type: 'null' }],
      title: 'Timeframe',
      default: '1d',
    },
  },
};

export function agent(
  agent_type: string,
  category: string,
  inputs: readonly string[],
  outputs: readonly string[],
  more: Partial<AgentSpec> = {},
): AgentSpec {
  return { ...BASE, agent_type, name: nameOf(agent_type), category, inputs, outputs, ...more };
}

function nameOf(agentType: string): string {
  const words = agentType.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const port = (name: string) => ({ name, label: nameOf(name) });

export const TEST_CATALOGUE: Catalogue = catalogueOf([
  agent('manual_trigger', 'trigger', [], ['trigger']),
  agent('market_data', 'data', ['trigger'], ['market_data']),
  agent('bias', 'analysis', ['market_data'], ['bias'], {
    ports: ['out', 'bullish', 'bearish', 'neutral'].map(port),
  }),
  agent('strategy', 'analysis', ['market_data'], ['strategy'], { config_schema: STRATEGY_SCHEMA }),
  agent('risk_manager', 'risk', ['strategy'], ['risk']),
  agent('trade_manager', 'execution', ['strategy', 'risk'], ['trade']),
  agent('condition', 'flow', [], [], { ports: ['true', 'false'].map(port) }),
  agent('report', 'reporting', ['strategy'], ['report']),
  agent('pipeline_manager', 'system', [], []),
]);

export function node(id: string, agentType = id, config: Config = {}): PipelineNode {
  return { id, agentType, name: null, config, position: { x: 0, y: 0 }, pinned: false };
}

/** "a>b" is an edge by the default port, "a:true>b" by a named one. */
export function graphOf(
  nodes: readonly PipelineNode[],
  ...edges: readonly string[]
): PipelineGraph {
  const parsed = edges.map((text): PipelineEdge => {
    const [source = '', to = ''] = text.split('>');
    const [from = '', fromPort = null] = source.split(':');
    return { id: edgeId(from, fromPort, to), from, fromPort, to };
  });
  return {
    nodes: Object.fromEntries(nodes.map((item) => [item.id, item])),
    edges: Object.fromEntries(parsed.map((item) => [item.id, item])),
    notes: {},
  };
}

/** Trigger, data, strategy, risk, trade: a pipeline without problems. */
export function tradingPipeline(): PipelineGraph {
  return graphOf(
    [
      node('manual_trigger'),
      node('market_data'),
      node('strategy', 'strategy', { method: 'rsi' }),
      node('risk_manager'),
      node('trade_manager'),
    ],
    'manual_trigger>market_data',
    'market_data>strategy',
    'strategy>risk_manager',
    'risk_manager>trade_manager',
  );
}

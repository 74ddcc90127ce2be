/** What the editor knows of an agent: exactly what the API's catalogue says, nothing built in. */

import { propertiesOf, titleOf } from './schema';

export type Category =
  | 'trigger'
  | 'data'
  | 'analysis'
  | 'risk'
  | 'execution'
  | 'reporting'
  | 'flow'
  | 'system';

export interface AgentPort {
  readonly name: string;
  readonly label: string;
}

export interface AgentSpec {
  readonly agent_type: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly version: string;
  readonly icon: string;
  readonly price_per_hour: string;
  readonly per_symbol: boolean;
  readonly uses_llm: boolean;
  readonly expected_tokens?: { readonly input: number; readonly output: number } | null;
  readonly config_schema: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ports: readonly AgentPort[];
  readonly timeframes: readonly string[];
  readonly provider: string;
}

export type Catalogue = ReadonlyMap<string, AgentSpec>;

/** Every node can be left by this port when it fails. */
export const ERROR_PORT = 'error';
const DEFAULT_PORT: AgentPort = { name: 'out', label: 'Out' };

export const CATEGORY_ORDER: readonly Category[] = [
  'trigger',
  'data',
  'analysis',
  'risk',
  'execution',
  'reporting',
  'flow',
];

const CATEGORY_NAMES: Readonly<Record<Category, string>> = {
  trigger: 'Triggers',
  data: 'Data',
  analysis: 'Analysis',
  risk: 'Risk',
  execution: 'Execution',
  reporting: 'Reporting',
  flow: 'Flow',
  system: 'System',
};

const SECTION_NAMES: Readonly<Record<string, string>> = {
  trigger: 'a trigger',
  market_data: 'market data',
  bias: 'a market bias',
  strategy: 'a trading plan',
  risk: 'a risk check',
  trade: 'a trade',
  report: 'a report',
};

/** Builds the lookup by agent type. */
export function catalogueOf(agents: readonly AgentSpec[]): Catalogue {
  return new Map(agents.map((agent) => [agent.agent_type, agent]));
}

/** The named ways out of an agent, without the error port. Never empty. */
export function outputPorts(agent: AgentSpec | undefined): readonly [AgentPort, ...AgentPort[]] {
  const [first, ...others] = agent?.ports ?? [];
  return first ? [first, ...others] : [DEFAULT_PORT];
}

/** The port that an edge leaves by, whether or not it names one. */
export function resolvePort(fromPort: string | null, agent: AgentSpec | undefined): string {
  return fromPort ?? outputPorts(agent)[0].name;
}

/** How a port is stored on an edge: nothing for the plain way out, the name for every other. */
export function storedPort(port: string, agent: AgentSpec | undefined): string | null {
  return port === DEFAULT_PORT.name && outputPorts(agent)[0].name === port ? null : port;
}

/** What a port is called on the canvas. */
export function portLabel(port: string, agent: AgentSpec | undefined): string {
  if (port === ERROR_PORT) return 'On error';
  return outputPorts(agent).find((item) => item.name === port)?.label ?? port;
}

/** The agent that lets every run go ahead; every other trigger is a gate, which is waited for. */
export const START = 'manual_trigger';

export function isTrigger(agent: AgentSpec | undefined): boolean {
  return agent?.category === 'trigger';
}

export function isHidden(agent: AgentSpec): boolean {
  return agent.category === 'system';
}

/** "market_data" as a person says it. */
export function sectionName(section: string): string {
  return SECTION_NAMES[section] ?? section.replaceAll('_', ' ');
}

export function categoryName(category: string): string {
  return CATEGORY_NAMES[category as Category] ?? category;
}

export interface AgentGroup {
  readonly category: string;
  readonly name: string;
  readonly agents: readonly AgentSpec[];
}

/**
 * The palette: visible agents by category, in the order a pipeline is read. Of a search those that are
 * called so come first; then those whose description, settings or choices speak of it: of all its
 * words, or, where none does, of any.
 */
export function paletteGroups(agents: readonly AgentSpec[], search = ''): AgentGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const ranks = rankedBy(
    words,
    agents.filter((agent) => !isHidden(agent)),
  );
  const byCategory = new Map<string, AgentSpec[]>();
  for (const agent of ranks.keys())
    byCategory.set(agent.category, [...(byCategory.get(agent.category) ?? []), agent]);
  const rankOf = (agent: AgentSpec) => ranks.get(agent) ?? 0;
  return [...byCategory]
    .map(([category, group]) => ({
      category,
      name: categoryName(category),
      agents: group.sort((a, b) => rankOf(a) - rankOf(b) || a.name.localeCompare(b.name)),
    }))
    .sort(
      ({ agents: [a], category: one }, { agents: [b], category: other }) =>
        (a ? rankOf(a) : 0) - (b ? rankOf(b) : 0) || categoryRank(one) - categoryRank(other),
    );
}

/** Where a category stands in the order a pipeline is read; unknown ones come last. */
export function categoryRank(category: string): number {
  const rank = CATEGORY_ORDER.indexOf(category as Category);
  return rank < 0 ? CATEGORY_ORDER.length : rank;
}

/** The agents that are meant, each with how far from its name that is found. */
function rankedBy(words: readonly string[], agents: readonly AgentSpec[]) {
  const ranks = new Map<AgentSpec, number>();
  for (const agent of agents) {
    const texts = textsOf(agent);
    const has = (text: string) => words.every((word) => text.includes(word));
    const rank = texts.findIndex((_, n) => has(texts.slice(0, n + 1).join(' ')));
    if (rank >= 0) ranks.set(agent, rank);
  }
  if (ranks.size) return ranks;
  for (const agent of agents) {
    const rank = textsOf(agent).findIndex((text) => words.some((word) => text.includes(word)));
    if (rank >= 0) ranks.set(agent, rank);
  }
  return ranks;
}

/** What an agent is called; what it does; what can be set, and to what. */
function textsOf(agent: AgentSpec): readonly string[] {
  const settings = propertiesOf(agent.config_schema).flatMap(([name, schema]) => [
    titleOf(name, schema),
    ...Object.values((schema['x-enum-labels'] ?? {}) as Readonly<Record<string, string>>),
  ]);
  return [
    `${agent.name} ${agent.agent_type} ${categoryName(agent.category)}`,
    agent.description,
    settings.join(' '),
  ].map((text) => text.toLowerCase());
}

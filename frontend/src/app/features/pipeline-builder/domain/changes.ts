/** What changed between two graphs, and between two ways to start, each change as a sentence. */

import { everyInWords } from '@core/pipelines/trigger-words';
import type { Catalogue } from './catalogue';
import { portLabel } from './catalogue';
import { meaningOfNode } from './diff';
import type { Config, PipelineEdge, PipelineGraph, PipelineNode } from './graph';
import { edgeId, sameGraph } from './graph';
import { propertiesOf, titleOf } from './schema';
import { measureInWords } from './summary';
import type { Direction, PeriodicStart, SignalStart, Start } from './trigger';
import { hoursInWords, sameStart } from './trigger';
import { count, listInWords, nodeName } from './words';

/** So many settings of one node are told apart; the others are counted. */
const MOST_SETTINGS = 3;
/** So many changes are told where there is one line. */
const MOST_CHANGES = 3;
const LONGEST_VALUE = 40;
const ONLY_MOVED = 'Only places and notes changed';

/**
 * The changes from `before` to `after`. A node that was added takes the place of one of its type that
 * was removed, where there is one; else its settings are compared with the defaults of its type. An edge
 * is told of only where both its ends were there before and are there now; places and notes only when
 * nothing else changed.
 */
export function graphChanges(
  before: PipelineGraph,
  after: PipelineGraph,
  catalogue: Catalogue,
): readonly string[] {
  const replaced = replacements(before, after);
  const old = renamed(before, replaced);
  const stays = (id: string) => id in old.nodes && id in after.nodes;
  const among = (graph: PipelineGraph, other: PipelineGraph) =>
    Object.values(graph.edges).filter(
      ({ id, from, to }) => !(id in other.edges) && stays(from) && stays(to),
    );
  const removed = Object.values(old.nodes).filter(({ id }) => !(id in after.nodes));
  const words = [
    ...removed.map((node) => `${nodeName(node, catalogue)} removed`),
    ...Object.values(after.nodes).flatMap((node) => {
      const was = old.nodes[node.id];
      if (!was) return [added(node, after, catalogue)];
      if (!(node.id in before.nodes)) return [replacement(was, node, catalogue)];
      return nodeChanges(was, node, catalogue);
    }),
    ...among(old, after).map((edge) => edgeChange(edge, after, catalogue, 'no longer leads')),
    ...among(after, old).map((edge) => edgeChange(edge, after, catalogue, 'now leads')),
  ];
  return words.length || sameGraph(before, after) ? words : [ONLY_MOVED];
}

/** The first changes as one line; the others are counted. */
export function changesInShort(changes: readonly string[]): string {
  const others = changes.length - MOST_CHANGES;
  const shown = changes.slice(0, MOST_CHANGES);
  return (others > 0 ? [...shown, `${count(others, 'other change')}`] : shown).join('. ');
}

/** The new id by the old one of each node in whose place another of its type was added. */
function replacements(before: PipelineGraph, after: PipelineGraph): ReadonlyMap<string, string> {
  const free = new Set(Object.values(before.nodes).filter(({ id }) => !(id in after.nodes)));
  const replaced = new Map<string, string>();
  for (const node of Object.values(after.nodes).filter(({ id }) => !(id in before.nodes))) {
    const alike = [...free].filter(({ agentType }) => agentType === node.agentType);
    const old = alike.find(({ name }) => name === node.name) ?? alike[0];
    if (!old) continue;
    free.delete(old);
    replaced.set(old.id, node.id);
  }
  return replaced;
}

/** The graph with other ids of nodes, and of the edges at them. */
function renamed(graph: PipelineGraph, ids: ReadonlyMap<string, string>): PipelineGraph {
  const now = (id: string) => ids.get(id) ?? id;
  const nodes = Object.values(graph.nodes).map((node) => ({ ...node, id: now(node.id) }));
  const edges = Object.values(graph.edges).map(({ from, fromPort, to }) => ({
    id: edgeId(now(from), fromPort, now(to)),
    from: now(from),
    fromPort,
    to: now(to),
  }));
  const byId = <T extends { readonly id: string }>(items: readonly T[]) =>
    Object.fromEntries(items.map((item) => [item.id, item]));
  return { ...graph, nodes: byId(nodes), edges: byId(edges) };
}

function replacement(old: PipelineNode, node: PipelineNode, catalogue: Catalogue): string {
  const [was, is] = [nodeName(old, catalogue), nodeName(node, catalogue)];
  const settings = settingChanges(old.config, node, catalogue);
  const by = was === is ? '' : ` by ${is}`;
  return `${was} replaced${by}${settings ? `: ${settings}` : ', settings as before'}`;
}

function added(node: PipelineNode, graph: PipelineGraph, catalogue: Catalogue): string {
  const edge = Object.values(graph.edges).find(({ to }) => to === node.id);
  const source = edge && graph.nodes[edge.from];
  const after = source ? ` after ${nodeName(source, catalogue)}` : '';
  const settings = settingChanges({}, node, catalogue);
  return `${nodeName(node, catalogue)} added${after}${settings && `: ${settings}`}`;
}

function nodeChanges(old: PipelineNode, node: PipelineNode, catalogue: Catalogue): string[] {
  if (meaningOfNode(old) === meaningOfNode(node)) return [];
  const [was, is] = [nodeName(old, catalogue), nodeName(node, catalogue)];
  const renamed = was === is ? [] : [`${was} is called ${is}`];
  const settings = settingChanges(old.config, node, catalogue);
  return settings ? [...renamed, `${is}: ${settings}`] : renamed;
}

function settingChanges(old: Config, node: PipelineNode, catalogue: Catalogue): string {
  const schemas = new Map(propertiesOf(catalogue.get(node.agentType)?.config_schema ?? {}));
  const names = new Set([...schemas.keys(), ...Object.keys(old), ...Object.keys(node.config)]);
  const of = (config: Config, name: string) => config[name] ?? schemas.get(name)?.['default'];
  const changed = [...names].flatMap((name) => {
    const [was, is] = [of(old, name), of(node.config, name)];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const schema = schemas.get(name);
    const [before, now] = [was, is].map((value) => measureInWords(value, schema)) as [
      string,
      string,
    ];
    const title = schema ? titleOf(name, schema) : name;
    const told = now !== before && Math.max(now.length, before.length) <= LONGEST_VALUE;
    if (!told) return [`${title} changed`];
    return [`${title} ${now || 'empty'} instead of ${before || 'empty'}`];
  });
  const others = changed.length - MOST_SETTINGS;
  const shown = changed.slice(0, MOST_SETTINGS);
  return listInWords(others > 0 ? [...shown, `${count(others, 'other setting')}`] : shown);
}

function edgeChange(
  { from, fromPort, to }: PipelineEdge,
  { nodes }: PipelineGraph,
  catalogue: Catalogue,
  leads: string,
): string {
  const [source, target] = [nodes[from], nodes[to]];
  if (!source || !target) return 'An edge changed';
  const port = fromPort ? `, by ${portLabel(fromPort, catalogue.get(source.agentType))}` : '';
  return `${nodeName(source, catalogue)} ${leads} to ${nodeName(target, catalogue)}${port}`;
}

/** "by hand", "every 5 min on AAPL", "on signals". */
export function startInWords(start: Start): string {
  if (start.kind === 'manual') return 'by hand';
  if (start.kind === 'signal') return 'on signals';
  const symbols = start.symbols.length ? ` on ${listInWords(start.symbols)}` : '';
  const hours = start.window ? hoursInWords(start.window) : '';
  return `${often(start)}${hours ? ` (${hours})` : ''}${symbols}`;
}

/** What is another way to start in `after`; `typeName` names a signal type. */
export function startChanges(
  before: Start | null,
  after: Start,
  typeName: (signalType: string) => string,
): readonly string[] {
  if (sameStart(before, after)) return [];
  if (before?.kind === 'periodic' && after.kind === 'periodic')
    return scheduleChanges(before, after);
  if (before?.kind === 'signal' && after.kind === 'signal')
    return signalChanges(before, after, typeName);
  const instead = before ? ` instead of ${startInWords(before)}` : '';
  return [`Starts ${startInWords(after)}${instead}`];
}

function scheduleChanges(before: PeriodicStart, after: PeriodicStart): string[] {
  const words: string[] = [];
  if (often(before) !== often(after))
    words.push(`Starts ${often(after)} instead of ${often(before)}`);
  else if (before.every_minutes !== after.every_minutes)
    words.push(
      `Waits ${minutesInWords(after)} after a run that failed, not ${minutesInWords(before)}`,
    );
  const more = after.symbols.filter((symbol) => !before.symbols.includes(symbol));
  const fewer = before.symbols.filter((symbol) => !after.symbols.includes(symbol));
  if (more.length) words.push(`Starts on ${listInWords(more)} too`);
  if (fewer.length) words.push(`Starts no longer on ${listInWords(fewer)}`);
  if (before.timezone !== after.timezone)
    words.push(`Counts from midnight in ${after.timezone} instead of ${before.timezone}`);
  words.push(...windowChange(before, after), ...hoursChange(before, after));
  return words.length ? words : ['Starts on its symbols in another order'];
}

function signalChanges(
  before: SignalStart,
  after: SignalStart,
  typeName: (signalType: string) => string,
): string[] {
  const words: string[] = [];
  if (before.scanner_id !== after.scanner_id) words.push('Starts on tickers of another scanner');
  const old = new Map(before.subscriptions.map((item) => [item.signal_type, item]));
  for (const { signal_type: type, min_confidence: now, directions } of after.subscriptions) {
    const was = old.get(type);
    if (was === undefined) words.push(`Starts on ${typeName(type)} from ${now} too`);
    else if (was.min_confidence !== now)
      words.push(`Starts on ${typeName(type)} from ${now} instead of from ${was.min_confidence}`);
    if (was && was.directions.join() !== directions.join())
      words.push(
        `Starts on ${typeName(type)} that is ${directionsInWords(directions)}` +
          ` instead of ${directionsInWords(was.directions)}`,
      );
    old.delete(type);
  }
  for (const type of old.keys()) words.push(`Starts no longer on ${typeName(type)}`);
  words.push(...hoursChange(before, after));
  return words.length ? words : ['Starts on its signal types in another order'];
}

function directionsInWords(directions: readonly Direction[]): string {
  return listInWords(directions.map((direction) => direction.toLowerCase()));
}

function windowChange({ window: before }: PeriodicStart, { window: after }: PeriodicStart) {
  const [was, is] = [before, after].map((hours) => (hours ? hoursInWords(hours) : ''));
  if (was === is) return [];
  return [is ? `Starts only ${is}` : `Starts at any hour, not only ${was}`];
}

function hoursChange(
  before: { readonly market_hours_only: boolean },
  after: { readonly market_hours_only: boolean },
): string[] {
  if (before.market_hours_only === after.market_hours_only) return [];
  return [
    after.market_hours_only
      ? 'Starts only while the market is open'
      : 'Starts while the market is closed too',
  ];
}

function often({ every_minutes: minutes, continuous }: PeriodicStart): string {
  return continuous
    ? 'again when its last run has ended'
    : everyInWords(minutes).replace('Every', 'every');
}

function minutesInWords({ every_minutes: minutes }: PeriodicStart): string {
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

/** Lays what was changed here over what somebody else stored meanwhile: a merge of three. */

import type { Catalogue } from './catalogue';
import {
  type Note,
  type PipelineEdge,
  type PipelineGraph,
  type PipelineNode,
  sameValue,
} from './graph';
import { defaultsOf } from './schema';
import type { Start } from './trigger';

/** What of a pipeline is edited, and saved. */
export interface Content {
  readonly name: string;
  readonly graph: PipelineGraph;
  readonly trigger: Start;
}

export type Side = 'mine' | 'theirs';

/** What both changed, each to something else. Of `undefined` somebody has removed it. */
export interface Clash {
  readonly part: 'name' | 'start' | 'node' | 'note';
  /** Of the node or note. */
  readonly id?: string;
  /** The one field of it, as `name` or `config.length`; without it, all of it. */
  readonly field?: string;
  readonly mine: unknown;
  readonly theirs: unknown;
}

export interface Merged {
  readonly content: Content;
  readonly clashes: readonly Clash[];
}

type Three<T> = readonly [base: T, mine: T, theirs: T];
type Fields = Readonly<Record<string, unknown>>;
type ById<T> = Readonly<Record<string, T>>;

/**
 * What there is when both sets of changes since `base` are made. Where both changed the same thing
 * to something else, `winner` has it, and the clash is told of. Where things are drawn never
 * clashes: mine stand. A setting that is not written out is at the default of the `catalogue`.
 */
export function merge(
  base: Content,
  mine: Content,
  theirs: Content,
  winner: Side,
  catalogue: Catalogue,
): Merged {
  const clashes: Clash[] = [];
  const choose: Choose = (clash) => {
    clashes.push(clash);
    return winner === 'mine' ? clash.mine : clash.theirs;
  };
  const of = <K extends keyof Content>(key: K): Three<Content[K]> => [
    base[key],
    mine[key],
    theirs[key],
  ];
  const name = mergeValue(of('name'), (a, b) =>
    choose({ part: 'name', mine: a, theirs: b }),
  ) as string;
  const trigger = mergeStart(of('trigger'), choose);
  return { content: { name, trigger, graph: mergeGraph(of('graph'), choose, catalogue) }, clashes };
}

type Choose = (clash: Clash) => unknown;

/** Who changed it decides; who changed it to something else than the other is asked for. */
function mergeValue(
  [base, mine, theirs]: Three<unknown>,
  clash: (mine: unknown, theirs: unknown) => unknown,
): unknown {
  if (sameValue(mine, theirs) || sameValue(theirs, base)) return mine;
  return sameValue(mine, base) ? theirs : clash(mine, theirs);
}

function mergeFields(
  [base, mine, theirs]: Three<Fields>,
  clash: (field: string, mine: unknown, theirs: unknown) => unknown,
  defaults: Fields = {},
): Fields {
  const names = new Set([...Object.keys(theirs), ...Object.keys(mine)]);
  const of = (fields: Fields, name: string) =>
    fields[name] === undefined ? defaults[name] : fields[name];
  const fields = [...names].map((name) => {
    const [was, here, there] = [of(base, name), of(mine, name), of(theirs, name)];
    // Both mean the same: what is left to settle is whether it is written out.
    const three: Three<unknown> = sameValue(here, there)
      ? [base[name], mine[name], theirs[name]]
      : [was, here, there];
    return [name, mergeValue(three, (a, b) => clash(name, a, b))] as const;
  });
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Field by field while all start alike; else a way to start is one thing. */
function mergeStart(starts: Three<Start>, choose: Choose): Start {
  const [base, mine, theirs] = starts;
  const whole = () => choose({ part: 'start', mine, theirs });
  if (mine.kind !== theirs.kind || mine.kind !== base.kind)
    return mergeValue(starts, whole) as Start;
  let chosen: Fields | null = null;
  const merged = mergeFields(starts as unknown as Three<Fields>, (field) => {
    chosen ??= whole() as Fields;
    return chosen[field];
  });
  // In its own order: a start is compared as text.
  const fields = Object.keys(theirs).map((name) => [name, merged[name]]);
  return Object.fromEntries(fields) as unknown as Start;
}

function mergeGraph(
  graphs: Three<PipelineGraph>,
  choose: Choose,
  catalogue: Catalogue,
): PipelineGraph {
  const [base, mine, theirs] = graphs;
  const linked = [base, linkedIn(mine, base), linkedIn(theirs, base)] as const;
  const keeper = new Map<string, Side>();
  const nodes = mergeItems<PipelineNode>([base.nodes, mine.nodes, theirs.nodes], {
    changed: (node, old, side) =>
      linked[side].has(node.id) || !sameValue(meaningOf(node), meaningOf(old)),
    removed: (clash) => {
      const winner = choose({ part: 'node', ...clash });
      if (winner) keeper.set(clash.id, winner === clash.mine ? 'mine' : 'theirs');
      return winner as PipelineNode | undefined;
    },
    both: (items) => mergeNode(items, choose, catalogue),
  });
  const notes = mergeItems<Note>([base.notes, mine.notes, theirs.notes], {
    changed: (note, old) => note.text !== old.text,
    removed: (clash) => choose({ part: 'note', ...clash }) as Note | undefined,
    both: (items) => mergeNote(items, choose),
  });
  return { nodes, edges: mergeEdges(graphs, nodes, keeper), notes };
}

interface Items<T> {
  /** Whether a side (1: mine, 2: theirs) changed what the other has removed. */
  readonly changed: (item: T, base: T, side: 1 | 2) => boolean;
  readonly removed: (clash: Omit<Clash, 'part'> & { readonly id: string }) => T | undefined;
  readonly both: (items: readonly [T | undefined, T, T]) => T;
}

/** Theirs in their order, then what I added. */
function mergeItems<T>([base, mine, theirs]: Three<ById<T>>, by: Items<T>): ById<T> {
  const merged: Record<string, T> = {};
  for (const id of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [old, here, there] = [base[id], mine[id], theirs[id]];
    const item =
      here && there ? by.both([old, here, there]) : mergeRemoved(id, old, here, there, by);
    if (item) merged[id] = item;
  }
  return merged;
}

/** What one side alone has: it is new there, or the other removed it. */
function mergeRemoved<T>(
  id: string,
  old: T | undefined,
  here: T | undefined,
  there: T | undefined,
  by: Items<T>,
): T | undefined {
  const left = here ?? there;
  if (!left || !old) return left;
  const side = here ? 1 : 2;
  if (!by.changed(left, old, side)) return undefined;
  return by.removed({ id, mine: here, theirs: there });
}

function mergeNode(
  [base, mine, theirs]: readonly [PipelineNode | undefined, PipelineNode, PipelineNode],
  choose: Choose,
  catalogue: Catalogue,
): PipelineNode {
  const { id } = mine;
  if (mine.agentType !== theirs.agentType)
    return mergeValue([base, mine, theirs], () =>
      choose({ part: 'node', id, mine, theirs }),
    ) as PipelineNode;
  const config = mergeFields(
    [base?.config ?? {}, mine.config, theirs.config],
    (field, a, b) => choose({ part: 'node', id, field: `config.${field}`, mine: a, theirs: b }),
    defaultsOf(catalogue.get(mine.agentType)?.config_schema ?? {}),
  );
  const name = mergeValue([base?.name, mine.name, theirs.name], (a, b) =>
    choose({ part: 'node', id, field: 'name', mine: a, theirs: b }),
  );
  const places = mergeFields([place(base), place(mine), place(theirs)], (_, here) => here);
  return { ...mine, ...places, name: name as string | null, config };
}

function mergeNote(
  [base, mine, theirs]: readonly [Note | undefined, Note, Note],
  choose: Choose,
): Note {
  const text = mergeValue([base?.text, mine.text, theirs.text], (a, b) =>
    choose({ part: 'note', id: mine.id, field: 'text', mine: a, theirs: b }),
  );
  const places = mergeFields([place(base), place(mine), place(theirs)], (_, here) => here);
  return { ...mine, ...places, text: text as string };
}

/** What of a node is more than where it is drawn. */
function meaningOf({ agentType, name, config }: PipelineNode): unknown {
  return [agentType, name, config];
}

/** Where and how large it is drawn. */
function place(item: Partial<PipelineNode & Note> | undefined): Fields {
  const { position, pinned, size } = item ?? {};
  return { position, pinned, size };
}

/**
 * The edges of both, between nodes that there are. A node that one side removed and the choice
 * brings back has its edges again, and not those that bridged the gap.
 */
function mergeEdges(
  [base, mine, theirs]: Three<PipelineGraph>,
  nodes: ById<PipelineNode>,
  keeper: ReadonlyMap<string, Side>,
): ById<PipelineEdge> {
  const of = { mine, theirs };
  const wanted = ({ id, from, to }: PipelineEdge): boolean => {
    const keepers = [from, to].flatMap((end) => keeper.get(end) ?? []);
    if (keepers.length) return keepers.some((side) => id in of[side].edges);
    const [was, here, there] = [base, mine, theirs].map(({ edges }) => id in edges);
    return (here === was ? there : here) ?? false;
  };
  const bridges = ({ id, from, to }: PipelineEdge): boolean =>
    !(id in base.edges) &&
    [...keeper].some(([node, side]) => {
      if (id in of[side].edges) return false;
      const edges = Object.values(of[side].edges);
      const led = (a: string, b: string) => edges.some((edge) => edge.from === a && edge.to === b);
      return led(from, node) && led(node, to);
    });
  const all = Object.values({ ...theirs.edges, ...mine.edges });
  const kept = all.filter(
    (edge) => edge.from in nodes && edge.to in nodes && wanted(edge) && !bridges(edge),
  );
  return Object.fromEntries(kept.map((edge) => [edge.id, edge]));
}

/** The nodes at the ends of edges that are not in `base`. */
function linkedIn(graph: PipelineGraph, base: PipelineGraph): ReadonlySet<string> {
  const added = Object.values(graph.edges).filter(({ id }) => !(id in base.edges));
  return new Set(added.flatMap(({ from, to }) => [from, to]));
}

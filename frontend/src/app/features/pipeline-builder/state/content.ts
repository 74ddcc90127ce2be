import { type Mode, type PipelineOut } from '@core/api';
import { type ApiGraph, fromApi, type PipelineGraph, sameGraph, toApi } from '../domain/graph';
import { type Content } from '../domain/merge';
import { readTrigger, sameStart, type Start } from '../domain/trigger';
import { type PipelineChange } from './editor-api';

export type { Content } from '../domain/merge';

/** The same in a form that can be written down. */
interface Written {
  readonly name: string;
  readonly graph: ApiGraph;
  readonly trigger: Start;
}

/** What is held of a pipeline while it cannot be saved, and the revision that it changes. */
export interface Draft extends Written {
  readonly revision: number;
  readonly mode?: Mode;
  /** What was stored when it was begun: what it changes is told from that. */
  readonly base?: Written;
  /** What was sent and not answered: one of these may be stored. */
  readonly sent?: readonly Written[];
}

/** The draft as the editor has it. */
export function readDraft({ revision, mode, sent = [], base, ...content }: Draft) {
  return { revision, mode, sent: sent.map(read), base: base && read(base), ...read(content) };
}

export function written({ name, graph, trigger }: Content): Written {
  return { name, graph: toApi(graph), trigger };
}

function read({ name, graph, trigger }: Written): Content {
  return { name, graph: fromApi(graph).graph, trigger };
}

export function contentOf(stored: PipelineOut): Content {
  const { name, graph, trigger } = stored;
  return { name, graph: fromApi(graph).graph, trigger: readTrigger(trigger) };
}

/** The same around the very graph on the screen, where that is no other. */
export function beside(content: Content, shown: PipelineGraph): Content {
  return sameGraph(content.graph, shown) ? { ...content, graph: shown } : content;
}

export function sameContent(a: Content, b: Content): boolean {
  return a.name === b.name && sameStart(a.trigger, b.trigger) && sameGraph(a.graph, b.graph);
}

/** Whether anything was changed; a graph that was is another object. */
export function isEdited(content: Content, saved: Content | null): boolean {
  return saved !== null && Object.keys(changesOf(content, saved)).length > 0;
}

/** Only what changed, so that what was not touched is not written over. */
export function changesOf(content: Content, saved: Content | null): PipelineChange {
  return {
    ...(content.name !== saved?.name && { name: content.name }),
    ...(content.graph !== saved?.graph && { graph: toApi(content.graph) }),
    ...(!sameStart(content.trigger, saved?.trigger ?? null) && { trigger: content.trigger }),
  };
}

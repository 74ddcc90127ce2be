/** What both changed, each clash as a sentence with both values. */

import type { Catalogue } from './catalogue';
import { startInWords } from './changes';
import type { PipelineGraph, PipelineNode } from './graph';
import type { Clash } from './merge';
import { propertiesOf, titleOf } from './schema';
import { measureInWords } from './summary';
import type { Start } from './trigger';
import { nodeName } from './words';

const LONGEST_VALUE = 40;

/** "Strategy: Length 7 here, 21 there"; `graph` has the nodes of which the fields are. */
export function clashInWords(clash: Clash, graph: PipelineGraph, catalogue: Catalogue): string {
  const { part, field, mine, theirs } = clash;
  if (part === 'name') return `The name: ${String(mine)} here, ${String(theirs)} there`;
  if (part === 'start') return startClash(mine as Start, theirs as Start);
  if (part === 'note') return `A note: ${field ? 'other text here than there' : removal(clash)}`;
  const node = graph.nodes[clash.id ?? ''] ?? ((mine ?? theirs) as PipelineNode);
  const name = nodeName(node, catalogue);
  if (!field) return `${name}: ${removal(clash)}`;
  if (field === 'name')
    return `${called(node, mine, catalogue)} here, ${called(node, theirs, catalogue)} there`;
  return `${name}: ${settingClash(node, clash, catalogue)}`;
}

function startClash(mine: Start, theirs: Start): string {
  const [here, there] = [startInWords(mine), startInWords(theirs)];
  return here === there
    ? `How it starts (${here}) is set up otherwise here than there`
    : `It starts ${here} here, ${there} there`;
}

function removal({ mine, theirs }: Clash): string {
  if (!mine) return 'removed here, changed there';
  return theirs ? 'another agent here than there' : 'changed here, removed there';
}

function called(node: PipelineNode, name: unknown, catalogue: Catalogue): string {
  return nodeName({ ...node, name: name as string | null }, catalogue);
}

function settingClash(node: PipelineNode, { field, mine, theirs }: Clash, catalogue: Catalogue) {
  const name = (field ?? '').replace('config.', '');
  const properties = propertiesOf(catalogue.get(node.agentType)?.config_schema ?? {});
  const schema = new Map(properties).get(name);
  const value = (of: unknown) => measureInWords(of ?? schema?.['default'], schema);
  const [here, there] = [value(mine), value(theirs)];
  const title = schema ? titleOf(name, schema) : name;
  const told = here !== there && Math.max(here.length, there.length) <= LONGEST_VALUE;
  return told
    ? `${title} ${here || 'empty'} here, ${there || 'empty'} there`
    : `${title}, other here than there`;
}

/** Small pieces of language that several parts of the editor share. */

import type { Catalogue } from './catalogue';
import type { PipelineNode } from './graph';

/** What a node is called: its own name, or its agent's. */
export function nodeName(node: PipelineNode, catalogue: Catalogue): string {
  return node.name ?? catalogue.get(node.agentType)?.name ?? node.agentType;
}

/** "a", "a and b", "a, b and c". */
export function listInWords(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** What is said when an active pipeline is left with a draft; null: nobody knows how many changes. */
export function goesOnInWords(name: string, version: number, changes: number | null): string {
  const draft =
    changes === 1
      ? 'your change is a draft'
      : `your ${changes === null ? 'changes' : count(changes, 'change')} are a draft`;
  return `${name} goes on with version ${version}; ${draft}.`;
}

/** "1 node", "3 nodes". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** Names for the canvas library's connectors and connections, and back again. */

const INPUT = '::in';
const OUTPUT = '::out::';

export function inputId(nodeId: string): string {
  return nodeId + INPUT;
}

export function outputId(nodeId: string, port: string): string {
  return nodeId + OUTPUT + port;
}

/** The node of an input connector. */
export function nodeOfInput(connectorId: string): string {
  return connectorId.slice(0, -INPUT.length);
}

export interface OutputEnd {
  readonly nodeId: string;
  readonly port: string;
}

/** The node and port of an output connector. */
export function endOfOutput(connectorId: string): OutputEnd {
  const at = connectorId.lastIndexOf(OUTPUT);
  return { nodeId: connectorId.slice(0, at), port: connectorId.slice(at + OUTPUT.length) };
}

/** An edge's id in a form that is safe as an element id: markers refer to it by URL. */
export function connectionDomId(edgeId: string): string {
  const safe = edgeId.replace(/[^A-Za-z0-9-]/g, (c) => `_${c.codePointAt(0)?.toString(16)}_`);
  return `edge-${safe}`;
}

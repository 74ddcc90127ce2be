import type { PipelineExport, ProblemItem } from '@core/api';
import { ProblemError } from '@core/http/problem-error';

const FORMAT = 'kuber.pipeline/1';

/**
 * Reads an exported pipeline. Throws ProblemError naming what is wrong with the file; the graph itself
 * is checked by the server.
 */
export function readExport(fileName: string, text: string): PipelineExport {
  const data = parse(fileName, text);
  const errors = shortcomings(data);
  if (errors.length) {
    throw problem(fileName, 'The file is JSON, but not a pipeline that Kuber exported.', errors);
  }
  return data as PipelineExport;
}

function parse(fileName: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The text cannot be read as JSON.';
    throw problem(fileName, 'The file is not valid JSON.', [
      { message: `${message}.`, remedy: 'Export the pipeline again.' },
    ]);
  }
}

function shortcomings(data: unknown): ProblemItem[] {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return [
      { message: 'The file must hold one JSON object.', remedy: 'Export the pipeline again.' },
    ];
  }
  const { format, name, graph } = data as Record<string, unknown>;
  const found: ProblemItem[] = [];
  if (format !== FORMAT) found.push(missing('format', `"format" must be "${FORMAT}".`));
  if (typeof name !== 'string' || !name.trim()) found.push(missing('name', '"name" is missing.'));
  const { nodes, edges } = (graph ?? {}) as Record<string, unknown>;
  if (!Array.isArray(nodes)) found.push(missing('graph.nodes', '"graph.nodes" must be a list.'));
  if (!Array.isArray(edges)) found.push(missing('graph.edges', '"graph.edges" must be a list.'));
  return found;
}

function missing(field: string, message: string): ProblemItem {
  return { field, message, remedy: '' };
}

function problem(fileName: string, detail: string, errors: ProblemItem[]): ProblemError {
  return new ProblemError({
    title: `${fileName} was not imported`,
    status: -1,
    code: 'bad_file',
    detail,
    errors,
  });
}

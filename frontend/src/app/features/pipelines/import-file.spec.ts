import { ProblemError } from '@core/http/problem-error';
import { readExport } from './import-file';

const GOOD = { format: 'kuber.pipeline/1', name: 'Swing', graph: { nodes: [], edges: [] } };

function refusal(text: string): ProblemError {
  try {
    readExport('p.json', text);
  } catch (error) {
    return error as ProblemError;
  }
  throw new Error('it was accepted');
}

describe('readExport', () => {
  it('accepts what was exported', () => {
    expect(readExport('p.json', JSON.stringify(GOOD)).name).toBe('Swing');
  });

  it('refuses text that is not JSON', () => {
    const error = refusal('{"a"');
    expect(error).toBeInstanceOf(ProblemError);
    expect(error.title).toBe('p.json was not imported');
    expect(error.detail).toBe('The file is not valid JSON.');
  });

  it('names everything that is missing at once', () => {
    const fields = refusal('{"name": " "}').errors.map((item) => item.field);
    expect(fields).toEqual(['format', 'name', 'graph.nodes', 'graph.edges']);
  });

  it('refuses a list', () => {
    expect(refusal('[]').errors).toHaveLength(1);
  });
});

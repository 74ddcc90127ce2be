import { connect, configure, remove } from './commands';
import { applyCommand } from './history';
import { graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';
import { byNode, validate } from './validate';

const codes = (graph: ReturnType<typeof graphOf>) =>
  validate(graph, TEST_CATALOGUE).map((problem) => [problem.code, problem.node_id ?? null]);

describe('validation', () => {
  it('finds nothing wrong with a whole pipeline', () => {
    expect(validate(tradingPipeline(), TEST_CATALOGUE)).toEqual([]);
  });

  it('asks for a trigger', () => {
    expect(codes(graphOf([]))).toEqual([['no_trigger', null]]);
  });

  it('names a second start, and takes gates beside a start for none', () => {
    const edges = ['manual_trigger>market_data', 'other>market_data'];
    const [start, data] = [node('manual_trigger'), node('market_data')];
    const two = graphOf([start, node('other', 'manual_trigger'), data], ...edges);
    expect(validate(two, TEST_CATALOGUE)).toMatchObject([
      { code: 'two_starts', node_id: 'other', message: expect.stringContaining('both start') },
    ]);
    const always = TEST_CATALOGUE.get('manual_trigger')!;
    const catalogue = new Map([...TEST_CATALOGUE, ['gate', { ...always, agent_type: 'gate' }]]);
    const gate = graphOf([start, node('other', 'gate'), data], ...edges);
    expect(validate(gate, catalogue)).toEqual([]);
    const gates = graphOf([node('a', 'gate'), node('b', 'gate')]);
    expect(validate(gates, catalogue)).toMatchObject([{ code: 'two_starts', node_id: 'b' }]);
  });

  it('names an input that nothing before the node produces, and what would produce it', () => {
    const graph = applyCommand(tradingPipeline(), remove(['strategy']));
    const repaired = applyCommand(
      graph,
      connect({ from: 'market_data', fromPort: null, to: 'risk_manager' }),
    );
    const [problem] = validate(repaired, TEST_CATALOGUE);
    expect(problem).toMatchObject({
      code: 'missing_input',
      node_id: 'risk_manager',
      remedy: 'Add Strategy before it.',
    });
    expect(problem?.message).toContain('a trading plan');
  });

  it('reports a node that no trigger reaches once, without its missing inputs', () => {
    const graph = tradingPipeline();
    const loose = { ...graph, nodes: { ...graph.nodes, report: node('report') } };
    expect(codes(loose)).toEqual([['unreachable', 'report']]);
  });

  it('names the nodes on a loop and nobody else', () => {
    const graph = graphOf(
      [
        node('manual_trigger'),
        node('a', 'condition'),
        node('b', 'condition'),
        node('c', 'condition'),
      ],
      'manual_trigger>a',
      'a:true>b',
      'b:true>a',
      'b:false>c',
    );
    expect(codes(graph)).toEqual([
      ['cycle', 'a'],
      ['cycle', 'b'],
    ]);
  });

  it('reports an agent that is not installed', () => {
    const graph = graphOf([node('manual_trigger'), node('x', 'nowhere')], 'manual_trigger>x');
    expect(codes(graph)).toEqual([['unknown_agent', 'x']]);
  });

  it.each([
    [{ method: 'magic' }, 'method', 'Must be one of rsi, golden_cross'],
    [{ method: 'rsi', length: 1 }, 'length', 'Must be at least 2'],
    [{ method: 'rsi', length: 2.5 }, 'length', 'Must be a whole number'],
    [{ method: 'rsi', colour: 'red' }, 'colour', 'There is no setting called colour'],
    [{}, 'method', 'Method is required'],
  ])('checks settings %o against the schema', (config, field, words) => {
    const graph = applyCommand(tradingPipeline(), configure('strategy', config));
    const [problem] = validate(graph, TEST_CATALOGUE);
    expect(problem).toMatchObject({ code: 'bad_config', node_id: 'strategy', field });
    expect(problem?.message).toContain(words);
  });

  it('accepts null where the schema does', () => {
    const graph = applyCommand(
      tradingPipeline(),
      configure('strategy', { method: 'rsi', timeframe: null }),
    );
    expect(codes(graph)).toEqual([]);
  });

  it('groups problems by node', () => {
    const grouped = byNode(validate(graphOf([node('x', 'nowhere')]), TEST_CATALOGUE));
    expect([...grouped.keys()]).toEqual(['', 'x']);
  });
});

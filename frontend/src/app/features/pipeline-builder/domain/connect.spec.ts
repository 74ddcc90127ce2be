import { checkConnection, fitInWords, verdictsFrom, type Verdict } from './connect';
import { edgeId } from './graph';
import { graphOf, node, TEST_CATALOGUE, tradingPipeline } from './testing';

function check(
  graph: ReturnType<typeof graphOf>,
  from: string,
  to: string,
  port?: string,
): Verdict {
  return checkConnection(graph, TEST_CATALOGUE, { from, fromPort: port ?? null, to });
}

function refusal(verdict: Verdict): string | null {
  return verdict.ok ? null : verdict.code;
}

describe('connections', () => {
  const loose = graphOf([
    node('manual_trigger'),
    node('market_data'),
    node('strategy'),
    node('trade_manager'),
    node('condition'),
  ]);

  it('refuses a node that would feed itself', () => {
    expect(refusal(check(loose, 'strategy', 'strategy'))).toBe('self');
  });

  it('refuses to lead into a trigger, with the reason in words', () => {
    const verdict = check(loose, 'market_data', 'manual_trigger');
    expect(verdict).toMatchObject({ ok: false, code: 'into_trigger' });
    expect(fitInWords(verdict)).toContain('is a trigger: it starts a run');
  });

  it('refuses a second edge between the same port and node', () => {
    expect(refusal(check(tradingPipeline(), 'market_data', 'strategy'))).toBe('duplicate');
  });

  it('treats the default port the same whether it is named or not', () => {
    expect(refusal(check(tradingPipeline(), 'market_data', 'strategy', 'out'))).toBe('duplicate');
  });

  it('allows a second edge from another port of the same node', () => {
    const graph = graphOf([node('condition'), node('strategy')], 'condition:true>strategy');
    expect(check(graph, 'condition', 'strategy', 'false').ok).toBe(true);
    expect(check(graph, 'condition', 'strategy', 'error').ok).toBe(true);
  });

  it('refuses an edge that would close a loop', () => {
    expect(refusal(check(tradingPipeline(), 'trade_manager', 'market_data'))).toBe('cycle');
  });

  it('lets an edge be moved although it stands in its own way', () => {
    const graph = graphOf([node('condition'), node('strategy')], 'condition:true>strategy');
    const connection = { from: 'strategy', fromPort: null, to: 'condition' };
    expect(checkConnection(graph, TEST_CATALOGUE, connection).ok).toBe(false);
    const old = edgeId('condition', 'true', 'strategy');
    expect(checkConnection(graph, TEST_CATALOGUE, connection, old).ok).toBe(true);
  });

  it('prefers targets that gain an input they lacked', () => {
    expect(check(loose, 'manual_trigger', 'market_data')).toMatchObject({ ok: true, fit: 'best' });
  });

  it('allows a target that still misses something and names it', () => {
    const verdict = check(loose, 'manual_trigger', 'trade_manager');
    expect(verdict).toMatchObject({ ok: true, fit: 'fits', missing: ['strategy', 'risk'] });
    expect(fitInWords(verdict)).toBe('Still needs a trading plan and a risk check');
  });

  it('counts what comes from further upstream', () => {
    const graph = graphOf(
      [node('market_data'), node('condition'), node('strategy')],
      'market_data>condition',
    );
    expect(check(graph, 'condition', 'strategy', 'true')).toMatchObject({
      fit: 'best',
      missing: [],
    });
  });

  it('judges every node at once for the highlight', () => {
    const verdicts = verdictsFrom(tradingPipeline(), TEST_CATALOGUE, 'strategy', null);
    const allowed = [...verdicts].filter(([, verdict]) => verdict.ok).map(([id]) => id);
    expect(allowed).toEqual(['trade_manager']);
  });
});

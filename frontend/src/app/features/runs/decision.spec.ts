import { decisionOf, headlineOf } from './decision';
import { execution, nodeRun } from '@core/runs/testing';

describe('decision', () => {
  it('parts the decision from its reasons', () => {
    const outcome = 'No trade: hold AAPL. SMA 50 is 633.44, above SMA 200.';
    expect(headlineOf(execution({ outcome }))).toEqual({
      headline: 'No trade: hold AAPL',
      reasons: 'SMA 50 is 633.44, above SMA 200.',
    });
  });

  it('keeps prices in one piece', () => {
    const outcome = 'Bought 42 AAPL at 150.50, stop 148.00';
    expect(headlineOf(execution({ outcome }))).toEqual({ headline: outcome, reasons: '' });
  });

  it('says where a run stands that has not decided', () => {
    const nodes = [nodeRun({ node_id: 'strategy', name: 'Strategy', status: 'running' })];
    expect(decisionOf(execution({ nodes }))).toBe('Running Strategy');
    expect(decisionOf(execution({ status: 'pending' }))).toBe('Waiting for a worker');
  });

  it('says of a cancelled run what it traded before', () => {
    const fill = {
      time: '2026-11-21T12:00:00Z',
      quantity: '137',
      price: '123.07',
      commission: '0',
    };
    const trade = {
      action: 'buy' as const,
      symbol: 'AAPL',
      quantity: '137',
      entry_price: '123.07',
      stop_loss: '120',
      targets: [],
      fills: [fill],
      status: 'filled' as const,
      reason: '',
    };
    const run = execution({ status: 'cancelled', outcome: 'Cancelled', trade });
    expect(decisionOf(run)).toBe('Cancelled after it bought 137 AAPL at 123.07');
    expect(decisionOf({ ...run, trade: { ...trade, fills: [] } })).toBe('Cancelled');
    expect(decisionOf({ ...run, trade: null })).toBe('Cancelled');
  });

  it('names the node that failed', () => {
    const error = { code: 'x', message: 'y', node_id: 'risk', remedy: null };
    const nodes = [nodeRun({ node_id: 'risk', name: 'Risk manager', status: 'failed' })];
    expect(decisionOf(execution({ status: 'failed', nodes, error }))).toBe(
      'Failed at Risk manager',
    );
  });
});

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

  it('names the node that failed', () => {
    const error = { code: 'x', message: 'y', node_id: 'risk', remedy: null };
    const nodes = [nodeRun({ node_id: 'risk', name: 'Risk manager', status: 'failed' })];
    expect(decisionOf(execution({ status: 'failed', nodes, error }))).toBe(
      'Failed at Risk manager',
    );
  });
});

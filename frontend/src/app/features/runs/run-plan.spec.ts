import type { ExecutionOut } from '@core/api';
import { studiesOf, timeframeOf } from './run-plan';

function runOf(strategy: object): ExecutionOut {
  return { nodes: [{ output: { strategy } }] } as unknown as ExecutionOut;
}

describe('what the chart of a run begins with', () => {
  it('has the indicators that the strategy went by', () => {
    const indicators = { sma_50: 120.1, sma_200: 110, rsi_14: 60, close: 121, bars_since_cross: 2 };
    expect(studiesOf(runOf({ indicators }))).toEqual([
      { name: 'sma', settings: { period: 50 } },
      { name: 'sma', settings: { period: 200 } },
      { name: 'rsi', settings: { period: 14 } },
    ]);
    expect(studiesOf(runOf({}))).toEqual([]);
  });

  it('has the timeframe that the plan was made on', () => {
    expect(timeframeOf(runOf({ timeframe: '1h' }))).toBe('1h');
    expect(timeframeOf(runOf({}))).toBe('1d');
  });
});

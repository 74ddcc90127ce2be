import type { NextTradeOut } from '@core/api';
import { planOfNext } from './next-chart';
import { aNextTrade } from './what-next.testing';

describe('the chart of what happened next', () => {
  it('shows entry, stop and targets as the last bar shows them', () => {
    expect(planOfNext(aNextTrade()).lines).toEqual([
      { label: 'Entry', price: 75.325, kind: 'entry' },
      { label: 'Stop', price: 74, kind: 'stop' },
      { label: 'Target 1', price: 77.125, kind: 'target' },
      { label: 'Target 2', price: 79, kind: 'target' },
    ]);
  });

  it('marks the entry and each exit, fills of one exit together', () => {
    expect(planOfNext(aNextTrade()).marks).toEqual([
      { time: '2013-03-11T21:00:00Z', side: 'buy', label: 'Bought 10, estimated' },
      { time: '2013-03-12T20:00:00Z', side: 'sell', label: 'Target 1 at 77.12, 10' },
      { time: '2013-03-13T20:00:00Z', side: 'sell', label: 'Stop at 75.20, 10' },
    ]);
  });

  it('turns the sides of a short', () => {
    const short: NextTradeOut = { ...aNextTrade(), side: 'sell', estimated: false };
    const marks = planOfNext(short).marks;
    expect(marks.map(({ side }) => side)).toEqual(['sell', 'buy', 'buy']);
    expect(marks[0]?.label).toBe('Sold 10');
  });
});

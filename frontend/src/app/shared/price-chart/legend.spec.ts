import { describeChart } from './chart-description';
import { legendAt, type LegendInput, legendInWords } from './legend';

const input: LegendInput = {
  bars: [
    {
      time: '2013-02-28T14:30:00Z',
      open: '100',
      high: '102',
      low: '99',
      close: '100',
      volume: '0',
    },
    {
      time: '2013-03-01T14:30:00Z',
      open: '101',
      high: '111.5',
      low: '100.5',
      close: '110',
      volume: '1234567',
    },
  ],
  studies: [
    {
      study: { name: 'rsi', settings: { period: 14 } },
      label: 'RSI 14',
      scale: { lowest: 0, highest: 100 },
      levels: [30, 70],
      digits: 1,
      lines: ['rsi'],
      pane: 'own',
      values: new Map([['2013-03-01T14:30:00Z', [61.27]]]),
    },
  ],
  marks: new Map([[1, [{ time: '2013-03-01T20:00:00Z', label: 'Bought 42', side: 'buy' }]]]),
  clock: { timezone: 'America/New_York', calendar: 'XNYS', timeframe: '1d' },
  digits: 2,
};

describe('the legend of a bar', () => {
  it('gives its prices, volume, change, indicators and what happened', () => {
    expect(legendAt(1, input)).toEqual({
      time: '1 Mar 2013',
      open: '101.00',
      high: '111.50',
      low: '100.50',
      close: '110.00',
      volume: '1.23M',
      change: '+10.0%',
      way: 'up',
      studies: [{ key: 'rsi:[["period",14]]', name: 'RSI 14', values: ['61.3'] }],
      marks: ['Bought 42'],
    });
  });

  it('shows a dash for what is not known and no change for the first bar', () => {
    const first = legendAt(0, input);
    expect(first?.change).toBe('');
    expect(first?.volume).toBe('–');
    expect(first?.studies[0]?.values).toEqual(['–']);
    expect(legendAt(2, input)).toBeNull();
    expect(legendAt(-1, input)).toBeNull();
  });

  it('can be read out', () => {
    expect(legendInWords(legendAt(1, input)!)).toBe(
      '1 Mar 2013, open 101.00, high 111.50, low 100.50, close 110.00, change +10.0%, volume 1.23M, RSI 14 61.3, Bought 42',
    );
  });
});

describe('a chart in words', () => {
  it('tells the span, the zone, the source, the range and the levels', () => {
    const lines = [{ label: 'Stop', price: 95, kind: 'stop' as const }];
    const words = describeChart('AAPL', input, 'Sample prices', lines);
    expect(words).toContain('AAPL, bars of 1 day, 28 Feb 2013 to 1 Mar 2013, New York time');
    expect(words).toContain('sample prices, last close 110.00, +10.0% over this time');
    expect(words).toContain('highest 111.50, lowest 99.00, RSI 14, Stop 95.00, 1 marked');
  });

  it('leaves out what came after', () => {
    const bars = input.bars.map((bar, at) => ({ ...bar, later: at === 1 }));
    expect(describeChart('AAPL', { ...input, bars }, '', [])).toContain('last close 100.00');
  });
});

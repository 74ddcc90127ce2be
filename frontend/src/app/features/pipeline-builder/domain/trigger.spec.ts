import {
  countInWords,
  newStart,
  previewInWords,
  readTrigger,
  recordedInWords,
  sameStart,
  startGap,
  hoursInWords,
  USUAL_HOURS,
  WEEKDAYS,
} from './trigger';

describe('hoursInWords', () => {
  it('names days and hours, and neither when it is no limit', () => {
    const whole = { from: '00:00', to: '24:00', days: WEEKDAYS };
    expect(hoursInWords(whole)).toBe('');
    expect(hoursInWords(USUAL_HOURS)).toBe('Mon–Fri, 09:30–16:00');
    expect(hoursInWords({ ...whole, days: ['sat', 'sun'] })).toBe('Sat, Sun');
    expect(hoursInWords({ ...whole, from: '22:00', to: '06:00' })).toBe('22:00–06:00');
  });
});

describe('readTrigger', () => {
  it('fills in what the server left out', () => {
    expect(readTrigger({ kind: 'periodic' })).toEqual({
      kind: 'periodic',
      every_minutes: 5,
      market_hours_only: true,
      timezone: 'UTC',
      symbols: [],
      window: null,
      continuous: false,
    });
    const evenings = readTrigger({ kind: 'periodic', window: { from: '18:00' } });
    expect(evenings).toMatchObject({ window: { from: '18:00', to: '24:00', days: WEEKDAYS } });
    expect(readTrigger({ kind: 'signal', subscriptions: [{ signal_type: 'rsi' }] })).toEqual({
      kind: 'signal',
      scanner_id: null,
      subscriptions: [
        { signal_type: 'rsi', min_confidence: 0, directions: ['BULLISH', 'BEARISH', 'NEUTRAL'] },
      ],
      market_hours_only: false,
    });
    expect(readTrigger({})).toEqual({ kind: 'manual' });
  });
});

describe('a way to start', () => {
  it('begins in the zone of the viewer', () => {
    expect(newStart('periodic', 'Asia/Kolkata')).toMatchObject({ timezone: 'Asia/Kolkata' });
  });

  it('says what it still needs', () => {
    expect(startGap({ kind: 'manual' })).toBe('');
    expect(startGap(newStart('periodic', 'UTC'))).toBe('Name at least one symbol.');
    const signal = readTrigger({ kind: 'signal' });
    expect(startGap(signal)).toBe('Choose a scanner.');
    expect(startGap(readTrigger({ kind: 'signal', scanner_id: 's' }))).toMatch(/Subscribe/);
  });

  it('is compared by what it says', () => {
    expect(sameStart(readTrigger({ kind: 'periodic' }), newStart('periodic', 'UTC'))).toBe(true);
    expect(sameStart(readTrigger({}), null)).toBe(false);
  });
});

describe('previewInWords', () => {
  it('counts runs', () => {
    expect(previewInWords({ days: 30, runs: 14 })).toBe(
      'In the last 30 days this would have started 14 runs.',
    );
    expect(previewInWords({ days: 30, runs: 1 })).toMatch(/1 run\.$/);
    expect(previewInWords({ days: 30, runs: 0 })).toMatch(/no runs\.$/);
  });
});

describe('recordedInWords', () => {
  it('says what a count stands on', () => {
    const preview = { days: 30, recorded: 7, by_type: [{}, {}] };
    expect(recordedInWords(preview)).toBe(
      'Kuber has recorded 7 signals of these types in the last 30 days.',
    );
    expect(recordedInWords({ days: 30, recorded: 1, by_type: [{}] })).toBe(
      'Kuber has recorded 1 signal of this type in the last 30 days.',
    );
    expect(recordedInWords({ days: 30, recorded: 0, by_type: [{}] })).toBe(
      'Kuber has recorded no signal of this type in the last 30 days: there is nothing to count yet.',
    );
  });
});

describe('countInWords', () => {
  const all = { signals: 9, below_threshold: 0, market_closed: 0, tier_allows: true, runs: 9 };

  it('says why signals start nothing', () => {
    expect(countInWords(all)).toBe('9 of 9 on its tickers');
    expect(countInWords({ ...all, signals: 0, runs: 0 })).toBe('none on its tickers');
    expect(countInWords({ ...all, below_threshold: 4, market_closed: 3, runs: 2 })).toBe(
      '2 of 9 on its tickers: 4 not sure enough, 3 while the market was closed',
    );
    expect(countInWords({ ...all, tier_allows: false, runs: 0 })).toBe('not part of your plan');
  });
});

import { newStart, previewInWords, readTrigger, sameStart, startGap } from './trigger';

describe('readTrigger', () => {
  it('fills in what the server left out', () => {
    expect(readTrigger({ kind: 'periodic' })).toEqual({
      kind: 'periodic',
      every_minutes: 5,
      market_hours_only: true,
      timezone: 'UTC',
      symbols: [],
    });
    expect(readTrigger({ kind: 'signal', subscriptions: [{ signal_type: 'rsi' }] })).toEqual({
      kind: 'signal',
      scanner_id: null,
      subscriptions: [{ signal_type: 'rsi', min_confidence: 0 }],
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

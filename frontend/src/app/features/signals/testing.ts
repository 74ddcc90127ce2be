import type { MatchOut, SignalOut } from '@core/api';

/** A pipeline that a signal skipped, with `change` applied. */
export function match(change: Partial<MatchOut> = {}): MatchOut {
  return {
    pipeline_id: 'pipeline-1',
    pipeline_name: 'Swing',
    pipeline_deleted: false,
    symbol: 'AAPL',
    outcome: 'skipped',
    reason: 'below_threshold',
    detail: '',
    confidence: 85,
    threshold: 90,
    execution_id: null,
    ...change,
  };
}

/** A signal that nothing matched, with `change` applied. */
export function signalOf(change: Partial<SignalOut> & { id: string }): SignalOut {
  return {
    signal_type: 'golden_cross',
    source: 'golden_cross',
    occurred_at: '2026-11-21T12:00:00Z',
    received_at: '2026-11-21T12:00:01Z',
    tickers: [{ ticker: 'AAPL', signal: 'BULLISH', confidence: 85 }],
    metadata: {},
    extra: {},
    own: false,
    started: 0,
    skipped: 0,
    matches: [],
    unmatched: {
      reason: 'no_pipeline',
      detail: 'None of your active pipelines starts on signals.',
    },
    ...change,
  };
}

import { signal } from '@angular/core';
import type { InstrumentDetail, QuoteData, SpanOut, SymbolOut } from '@core/api';
import type { SocketState } from '@core/socket/live-socket';
import type { QuoteNewsHandler } from '@core/socket/quote-news';

export const SAMPLE_SPAN: SpanOut = {
  source: 'sample',
  simulated: false,
  timeframes: ['1d', '1w'],
  first_at: '2004-08-19T13:30:00Z',
  last_at: '2013-03-01T21:00:00Z',
};
export const SIMULATED_SPAN: SpanOut = {
  source: 'simulated',
  simulated: true,
  timeframes: ['1m', '1d'],
  first_at: '2000-01-31T00:00:00Z',
  last_at: null,
};
export const IMPORTED_SPAN: SpanOut = {
  source: 'imported',
  simulated: false,
  timeframes: ['1h', '1d'],
  first_at: '2015-01-02T14:30:00Z',
  last_at: '2020-11-03T21:00:00Z',
};

/** An instrument of which these prices answer, with others besides. */
export function symbolOf(span: SpanOut, ...others: SpanOut[]): SymbolOut {
  return {
    ...span,
    symbol: 'AAPL',
    name: 'Apple',
    currency: 'USD',
    calendar: 'XNYS',
    ended: false,
    timezone: 'America/New_York',
    others,
  };
}

/** Its detail, as far as these prices are known by it alone. */
export function detailOf(...spans: SpanOut[]): InstrumentDetail {
  const datasets = spans.map((span) => ({ ...span, gaps: null }));
  return { symbol: 'AAPL', datasets } as unknown as InstrumentDetail;
}

/** A simulated quote at a second of one minute. */
export function quoteOf(symbol: string, price: string, second = 0): QuoteData {
  return {
    symbol,
    price,
    bid: null,
    ask: null,
    source: 'simulated',
    simulated: true,
    quoted_at: new Date(Date.UTC(2026, 10, 30, 14, 41, second)).toISOString(),
    stale: false,
  };
}

/** A socket through which a test pushes quotes. */
export class FakeQuoteSocket {
  readonly current = signal<SocketState>('ready');
  readonly state = this.current.asReadonly();
  private readonly handlers = new Map<string, QuoteNewsHandler>();
  /** How often a symbol was asked for. */
  begun = 0;

  watchQuotes(symbol: string, handler: QuoteNewsHandler): () => void {
    this.begun += 1;
    this.handlers.set(symbol, handler);
    return () => void this.handlers.delete(symbol);
  }

  watched(): string[] {
    return [...this.handlers.keys()].sort();
  }

  push(data: QuoteData): void {
    this.handlers.get(data.symbol)?.({ type: 'quote', at: data.quoted_at, data });
  }
}

import { TestBed } from '@angular/core/testing';
import { asked, provideFakeApi, queryOf } from '@core/http/testing';
import { PriceEnds } from './price-ends';
import { IMPORTED_SPAN, SAMPLE_SPAN, SIMULATED_SPAN, symbolOf } from './testing';

describe('the prices that have ended', () => {
  beforeEach(() => TestBed.configureTestingModule({ providers: [provideFakeApi()] }));

  const named = (symbol: string, ...spans: Parameters<typeof symbolOf>) => ({
    ...symbolOf(...spans),
    symbol,
  });

  it('are imports, or a sample by choice; a provider goes on from no sample', async () => {
    const found = TestBed.inject(PriceEnds).ended(['AAPL', 'OWN', 'CHOSEN', 'FAR']);
    const fresh = { ...IMPORTED_SPAN, last_at: new Date().toISOString() };
    (await asked('GET', '/market/symbols')).flush({
      items: [
        named('AAPL', SIMULATED_SPAN, SAMPLE_SPAN),
        { ...named('CHOSEN', SAMPLE_SPAN), ended: true },
        named('FRESH', fresh),
        { ...named('OWN', IMPORTED_SPAN), ended: true },
      ],
      next_cursor: null,
    });
    const single = await asked('GET', '/market/symbols');
    expect(queryOf(single).get('query')).toBe('FAR');
    single.flush({ items: [named('FAR', fresh)], next_cursor: null });
    expect((await found).map(({ symbol }) => symbol)).toEqual(['OWN', 'CHOSEN']);
  });
});

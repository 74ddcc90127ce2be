import { HttpTestingController } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { asked, nothingAsked, provideFakeApi, queryOf } from '@core/http/testing';
import { apiPrices } from './price-source';
import { detailOf, IMPORTED_SPAN, SAMPLE_SPAN, SIMULATED_SPAN, symbolOf } from './testing';

const SEEN = { symbol: 'AAPL', end: '2009-05-14T21:00:00Z', dataset: null };
const BARS = { ...SEEN, timeframe: '1d', limit: 500 };

describe('the prices of a chart', () => {
  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    TestBed.inject(HttpTestingController);
  });

  it('are of the instrument as it was at their end', async () => {
    const found = apiPrices.instrument(SEEN);
    const call = await asked('GET', '/market/symbols/AAPL');
    expect(queryOf(call).get('as_of')).toBe(SEEN.end);
    call.flush(symbolOf(SAMPLE_SPAN));
    expect((await found).timeframes).toEqual(['1d', '1w']);
  });

  it('have the timeframes of those that were chosen', async () => {
    const found = apiPrices.instrument({ ...SEEN, end: null, dataset: 'sample' });
    (await asked('GET', '/market/symbols/AAPL')).flush(symbolOf(SIMULATED_SPAN, SAMPLE_SPAN));
    expect((await found).timeframes).toEqual(['1d', '1w']);
    nothingAsked();
  });

  it('ask the instrument what its provider has, where stored ones answer', async () => {
    const found = apiPrices.instrument({ ...SEEN, dataset: 'provider' });
    (await asked('GET', '/market/symbols/AAPL')).flush(symbolOf(IMPORTED_SPAN, SAMPLE_SPAN));
    (await asked('GET', '/market/instruments/AAPL')).flush(
      detailOf(IMPORTED_SPAN, SAMPLE_SPAN, SIMULATED_SPAN),
    );
    expect((await found).timeframes).toEqual(['1m', '1d']);
  });

  it('say which dataset they are of', async () => {
    const found = apiPrices.bars(BARS);
    const call = await asked('GET', '/market/bars');
    expect(queryOf(call).has('dataset')).toBe(false);
    call.flush({ items: [], source: 'alpaca', simulated: false });
    expect((await found).dataset).toBe('provider');
  });

  it('go on in the dataset that was asked for, and so do indicators', async () => {
    const chosen = { ...BARS, dataset: 'imported' } as const;
    void apiPrices.later(chosen, '2009-05-14T13:30:00Z');
    expect(queryOf(await asked('GET', '/market/bars')).get('dataset')).toBe('imported');
    void apiPrices.study(chosen, { name: 'sma', settings: { period: 50 } });
    const query = queryOf(await asked('GET', '/market/indicator-series'));
    expect(query.get('dataset')).toBe('imported');
    expect([query.get('name'), query.get('settings')]).toEqual(['sma', '{"period":50}']);
  });
});

import { TestBed } from '@angular/core/testing';
import { PriceChart } from './price-chart';
import { PRICE_SOURCE } from './price-source';
import { FakePrices } from './testing';

async function make(prices: FakePrices, timeframe = '1d') {
  TestBed.configureTestingModule({ providers: [{ provide: PRICE_SOURCE, useValue: prices }] });
  const fixture = TestBed.createComponent(PriceChart);
  fixture.componentRef.setInput('symbol', 'AAPL');
  fixture.componentRef.setInput('timeframe', timeframe);
  await fixture.whenStable();
  return { fixture, page: fixture.nativeElement as HTMLElement };
}

/** Without bars nothing is drawn, which this environment could not do. */
describe('a price chart', () => {
  it('offers the timeframes of the instrument, the asked one pressed', async () => {
    const { page } = await make(new FakePrices(0), '1w');
    const frames = [...page.querySelectorAll('.frames button')];
    expect(frames.map((frame) => frame.textContent?.trim())).toEqual(['1h', '1d', '1w']);
    expect(frames.map((frame) => frame.getAttribute('aria-pressed'))).toEqual([
      'false',
      'false',
      'true',
    ]);
  });

  it('begins with days where the asked timeframe is not to be had', async () => {
    const prices = new FakePrices(0);
    await make(prices, '5m');
    expect(prices.askedBars.map(({ timeframe }) => timeframe)).toEqual(['1d']);
  });

  it('takes what there is where there are no days', async () => {
    const prices = new FakePrices(0);
    prices.timeframes = ['1w', '1mo'];
    await make(prices);
    expect(prices.askedBars.map(({ timeframe }) => timeframe)).toEqual(['1mo']);
  });

  it('offers every installed indicator with its presets, and a form for others', async () => {
    const { fixture, page } = await make(new FakePrices(0));
    const button = [...page.querySelectorAll('button')].find((one) =>
      one.textContent?.includes('Indicators'),
    );
    button?.click();
    await fixture.whenStable();
    const items = [...document.querySelectorAll('[mat-menu-item]')];
    const texts = items.map((one) => one.textContent?.replace(/^\s*\w+\s+/, '').trim());
    expect(texts).toEqual(['SMA 20', 'SMA 50', 'RSI 14', 'Balance', 'Other settings']);
  });

  it('says that there are no bars, and always whose prices these are and by which clock', async () => {
    const { page } = await make(new FakePrices(0));
    expect(page.textContent).toContain('There are no bars for this time');
    expect(page.querySelector('.foot')?.textContent).toMatch(/Sample prices\s*New York time/);
  });

  it('shows why there is nothing and loads it on Retry', async () => {
    const prices = new FakePrices(0);
    prices.failure = Object.assign(new Error('away'), {
      title: 'Kuber cannot be reached',
      detail: 'The server did not answer.',
      correlationId: null,
      errors: [],
    });
    const { fixture, page } = await make(prices);
    expect(page.querySelector('k-error-state')?.textContent).toContain('The server did not answer');
    prices.failure = null;
    const retry = [...page.querySelectorAll('button')].find((one) => one.textContent === 'Retry');
    retry?.click();
    await fixture.whenStable();
    expect(page.querySelector('k-error-state')).toBeNull();
  });

  it('can be reached by keyboard and says how it is used', async () => {
    const { page } = await make(new FakePrices(0));
    const canvas = page.querySelector<HTMLElement>('.canvas');
    expect(canvas?.tabIndex).toBe(0);
    expect(canvas?.getAttribute('aria-label')).toContain('Left and Right go from bar to bar');
  });
});

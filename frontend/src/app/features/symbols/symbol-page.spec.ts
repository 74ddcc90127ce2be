import { Component, input } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import type { SymbolOut } from '@core/api';
import { asked, provideFakeApi, settled } from '@core/http/testing';
import { ORDER_TICKET } from '@core/trading/order-ticket';
import {
  detailOf,
  IMPORTED_SPAN,
  SAMPLE_SPAN,
  SIMULATED_SPAN,
  symbolOf,
} from '@core/market/testing';
import { PriceChart } from '@shared/price-chart/price-chart';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { SymbolPage } from './symbol-page';
import { SymbolQuote } from './symbol-quote';

@Component({ selector: 'k-price-chart', template: '{{ dataset() ?? "by time" }}' })
class Chart {
  readonly symbol = input('');
  readonly dataset = input<string | null>(null);
  readonly marks = input<unknown>();
}

@Component({ selector: 'k-symbol-quote', template: '' })
class Quote {
  readonly instrument = input<unknown>();
}

describe('the prices on the page of a symbol', () => {
  async function open(found: SymbolOut, prices?: string) {
    TestBed.configureTestingModule({
      providers: [
        { provide: ORDER_TICKET, useValue: () => Promise.resolve() },
        provideFakeApi(),
        provideRouter([]),
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    TestBed.overrideComponent(SymbolPage, {
      remove: { imports: [PriceChart, SymbolQuote] },
      add: { imports: [Chart, Quote] },
    });
    const went = vi.spyOn(TestBed.inject(Router), 'navigate').mockResolvedValue(true);
    const fixture = TestBed.createComponent(SymbolPage);
    fixture.componentRef.setInput('symbol', 'AAPL');
    fixture.componentRef.setInput('prices', prices);
    fixture.detectChanges();
    (await asked('GET', '/market/symbols/AAPL')).flush(found);
    const settle = async () => {
      await Promise.race([settled(fixture), new Promise((done) => setTimeout(done, 20))]);
      fixture.detectChanges();
    };
    await settle();
    const page = fixture.nativeElement as HTMLElement;
    const texts = (of: string) =>
      [...page.querySelectorAll(of)].map((one) => one.textContent.replaceAll(/\s+/g, ' ').trim());
    return { page, texts, went, settle };
  }

  it('are chosen where there are several, and go into the address', async () => {
    const { page, texts, went } = await open(symbolOf(SIMULATED_SPAN, SAMPLE_SPAN));
    expect(texts('.prices button')).toEqual(['Chosen by date', 'Sample', 'Simulated']);
    expect(texts('.prices [aria-pressed=true]')).toEqual(['Chosen by date']);
    expect(texts('k-price-chart')).toEqual(['by time']);
    expect(texts('dl div').at(-1)).toBe('Last barNow');
    [...page.querySelectorAll<HTMLElement>('.prices button')][1]!.click();
    expect(went).toHaveBeenCalledWith(
      ['/symbols', 'AAPL'],
      expect.objectContaining({ queryParams: { prices: 'sample' } }),
    );
  });

  it('are those that the address names, in the chart and in the facts', async () => {
    const { texts } = await open(symbolOf(SIMULATED_SPAN, SAMPLE_SPAN), 'sample');
    expect(texts('.prices [aria-pressed=true]')).toEqual(['Sample']);
    expect(texts('k-price-chart')).toEqual(['sample']);
    const facts = texts('dl div');
    expect([facts[0], facts[3], facts.at(-1)]).toEqual([
      'PricesSample prices',
      'Timeframes1d, 1w',
      'Last bar1 Mar 2013',
    ]);
  });

  it('are also those of a provider that stored ones are in front of', async () => {
    const { texts, settle } = await open(symbolOf(IMPORTED_SPAN, SAMPLE_SPAN));
    const detail = await asked('GET', '/market/instruments/AAPL');
    detail.flush(detailOf(IMPORTED_SPAN, SAMPLE_SPAN, SIMULATED_SPAN));
    await settle();
    expect(texts('.prices button')).toEqual([
      'Chosen by date',
      'Your import',
      'Sample',
      'Simulated',
    ]);
  });

  it('leave no choice where there is one kind', async () => {
    const { page } = await open(symbolOf(SIMULATED_SPAN), 'sample');
    expect(page.querySelector('.prices')).toBeNull();
    expect(page.querySelector('k-price-chart')?.textContent).toBe('by time');
  });
});

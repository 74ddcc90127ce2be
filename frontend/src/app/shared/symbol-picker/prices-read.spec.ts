import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { answeringPrices, gapInWords } from './answering-prices';
import { PricesRead } from './prices-read';
import { PRICES_AT, type PricesAt, type SymbolPrices } from './symbol-search';
import { IMPORTED, SAMPLE, SIMULATED } from './testing';

const LONG_AGO = '2009-05-14T21:00:00Z';

/** As the server decides without a choice: the sample in its years, else the simulator. */
const byTime: PricesAt = (_, asOf) =>
  Promise.resolve(asOf && asOf <= SAMPLE.last_at! ? { ...SAMPLE, others: [] } : SIMULATED);
const always =
  (prices: SymbolPrices): PricesAt =>
  (_, asOf) =>
    Promise.resolve({
      ...prices,
      ended: Boolean(prices.last_at) && (asOf === null || asOf > prices.last_at!),
    });

describe('which prices a run will read', () => {
  async function open(pricesAt: PricesAt, moment: string | null = null) {
    TestBed.configureTestingModule({
      providers: [provideRouter([]), { provide: PRICES_AT, useValue: pricesAt }],
    });
    const [symbol, asOf] = [signal('AAPL'), signal(moment)];
    const answering = TestBed.runInInjectionContext(() => answeringPrices(symbol, asOf));
    const fixture = TestBed.createComponent(PricesRead);
    const page = fixture.nativeElement as HTMLElement;
    const moved: string[] = [];
    fixture.componentInstance.moved.subscribe((to) => moved.push(to));
    const settle = async () => {
      await fixture.whenStable();
      fixture.componentRef.setInput('answering', answering());
      await fixture.whenStable();
    };
    fixture.componentRef.setInput('answering', null);
    await settle();
    const words = () => page.textContent.replaceAll(/\s+/g, ' ').trim();
    return { page, words, moved, symbol, asOf, answering, settle };
  }

  it('is said with the sample to go to, where a provider answers', async () => {
    const { page, words, moved } = await open(byTime);
    expect(words()).toBe('Simulated prices Sample: 2004 to 2013');
    page.querySelector('button')!.click();
    expect(moved).toEqual([SAMPLE.last_at]);
  });

  it('is said for the moment that is chosen', async () => {
    const { words, asOf, settle } = await open(byTime, LONG_AGO);
    expect(words()).toBe('Sample prices, 2004 to 1 Mar 2013');
    asOf.set(null);
    await settle();
    expect(words()).toContain('Simulated prices');
  });

  it('is said to be none before the first bar', async () => {
    const { page, words } = await open(byTime, '1990-05-14T21:00:00Z');
    expect(words()).toBe('history_toggle_offNo prices of AAPL before 19 Aug 2004');
    expect(page.querySelector('button')).toBeNull();
  });

  it('is said to be none of a symbol that has none, with the way to import some', async () => {
    const { page, words, answering } = await open(() => Promise.resolve(null));
    expect(words()).toBe('history_toggle_offNo prices for AAPLImport its bars');
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/import?symbol=AAPL');
    expect(gapInWords(answering())).toBe('No prices for AAPL');
  });

  it('leads to no sample which its user has ruled out', async () => {
    expect((await open(always(SIMULATED))).words()).toBe('Simulated prices');
  });

  it('warns of an import that has ended, with both ways out', async () => {
    const { page, words, moved } = await open(always(IMPORTED));
    expect(words()).toBe(
      'history_toggle_offYour prices of AAPL end on 3 Nov 2020.Set As of to then or import newer bars',
    );
    page.querySelector('button')!.click();
    expect(moved).toEqual([IMPORTED.last_at]);
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/import?symbol=AAPL');
  });

  it('does not warn of it within its years', async () => {
    const { words } = await open(always(IMPORTED), '2019-05-14T21:00:00Z');
    expect(words()).toBe('Your import, 2015 to 3 Nov 2020');
  });

  it('leads a choice of the sample to where it is made', async () => {
    const { page, words } = await open(always(SAMPLE));
    expect(words()).toContain('The sample of AAPL ends on 1 Mar 2013.');
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/instruments?symbol=AAPL');
  });

  it('says nothing of another symbol, nor of one that is not known', async () => {
    const { symbol, answering, words, settle } = await open((asked) =>
      asked === 'AAPL' ? Promise.resolve(SIMULATED) : Promise.reject(new Error('unknown')),
    );
    symbol.set('NOSUCH');
    expect(answering()).toBeNull();
    await settle();
    expect(words()).toBe('');
  });
});

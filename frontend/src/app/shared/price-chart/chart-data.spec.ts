import { ApplicationRef, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { ChartData } from './chart-data';
import type { Study } from './chart-types';
import { type Dataset, PRICE_SOURCE } from './price-source';
import { FakePrices } from './testing';

const SMA: Study = { name: 'sma', settings: { period: 50 } };
const RSI: Study = { name: 'rsi', settings: { period: 14 } };

function make(prices: FakePrices) {
  TestBed.configureTestingModule({ providers: [{ provide: PRICE_SOURCE, useValue: prices }] });
  const asked = {
    symbol: signal('AAPL'),
    timeframe: signal<string | null>('1d'),
    end: signal<string | null>(null),
    dataset: signal<Dataset | null>(null),
    later: signal(false),
    studies: signal<readonly Study[]>([]),
  };
  const data = TestBed.runInInjectionContext(() => new ChartData(asked));
  const settled = () => TestBed.inject(ApplicationRef).whenStable();
  return { asked, data, settled };
}

describe('the data of a chart', () => {
  it('loads older bars up to the same end, keeping those on show meanwhile', async () => {
    const prices = new FakePrices(700);
    const { data, settled } = make(prices);
    await settled();
    expect(data.shown()?.bars).toHaveLength(500);
    expect(data.complete()).toBe(false);
    data.more();
    data.more();
    expect(data.shown()?.bars).toHaveLength(500);
    await settled();
    expect(data.shown()?.bars).toHaveLength(700);
    expect(prices.askedBars.map(({ limit, end }) => [limit, end])).toEqual([
      [500, null],
      [1_000, null],
    ]);
    expect(data.complete()).toBe(true);
    data.more();
    await settled();
    expect(prices.askedBars).toHaveLength(2);
  });

  it('asks for indicators at the bars on show, and forgets those that are taken off', async () => {
    const prices = new FakePrices(700);
    const { asked, data, settled } = make(prices);
    asked.studies.set([SMA]);
    await settled();
    expect(data.studies().map(({ study }) => study)).toEqual([SMA]);
    data.more();
    await settled();
    expect(prices.askedStudies.map(({ limit }) => limit)).toEqual([500, 1_000]);
    asked.studies.set([]);
    expect(data.studies()).toEqual([]);
  });

  it('leaves the others as they are when one cannot be computed, and says which', async () => {
    const prices = new FakePrices(10);
    prices.broken = ['rsi'];
    const { asked, data, settled } = make(prices);
    const gone: Study = { name: 'gone', settings: {} };
    asked.studies.set([RSI, SMA, gone]);
    await settled();
    expect(data.studies().map(({ label }) => label)).toEqual(['SMA 50']);
    expect(data.studyFailures()).toEqual(['rsi failed.', 'The indicator gone is not installed.']);
    const before = prices.askedStudies.length;
    prices.broken = [];
    asked.studies.set([RSI, SMA]);
    data.retryStudies();
    await settled();
    expect(prices.askedStudies.slice(before).map(({ name }) => name)).toEqual(['rsi']);
    expect(data.studies().map(({ label }) => label)).toEqual(['RSI 14', 'SMA 50']);
    expect(data.studyFailures()).toEqual([]);
  });

  it('shows each as it comes, whatever another takes', async () => {
    const prices = new FakePrices(10);
    const answer = prices.study.bind(prices);
    let give: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => (give = resolve));
    prices.study = async (bars, study) => {
      if (study.name === 'rsi') await slow;
      return answer(bars, study);
    };
    const { asked, data, settled } = make(prices);
    const labels = () => data.studies().map(({ label }) => label);
    asked.studies.set([RSI, SMA]);
    await expect.poll(labels).toEqual(['SMA 50']);
    give();
    await settled();
    expect(labels()).toEqual(['RSI 14', 'SMA 50']);
  });

  it('asks once for what is on show, and again when it is refreshed', async () => {
    const prices = new FakePrices(10);
    const { asked, data, settled } = make(prices);
    const names = () => prices.askedStudies.map(({ name }) => name);
    asked.studies.set([SMA]);
    await settled();
    asked.studies.set([SMA, RSI]);
    await settled();
    expect(names()).toEqual(['sma', 'rsi']);
    data.refresh();
    await settled();
    expect(names()).toEqual(['sma', 'rsi', 'sma', 'rsi']);
  });

  it('shows nothing of one chart in another', async () => {
    const { asked, data, settled } = make(new FakePrices(10));
    await settled();
    asked.timeframe.set('1w');
    expect(data.shown()).toBeNull();
    await settled();
    expect(data.shown()?.key).toBe('AAPL|1w||sample');
  });

  it('marks what came later and does not count it as older bars', async () => {
    const { asked, data, settled } = make(new FakePrices(500));
    asked.end.set('2013-03-01T21:00:00Z');
    asked.later.set(true);
    await settled();
    expect(
      data
        .shown()
        ?.bars.map(({ later }) => Boolean(later))
        .slice(-3),
    ).toEqual([false, true, true]);
    expect(data.complete()).toBe(false);
  });

  it('takes what came later from where the bars before are from', async () => {
    const prices = new FakePrices(10);
    const { asked, settled } = make(prices);
    asked.later.set(true);
    await settled();
    asked.dataset.set('imported');
    await settled();
    expect(prices.askedLater.map(({ dataset }) => dataset)).toEqual(['sample', 'imported']);
  });

  it('asks for the bars and the indicators of the prices that were chosen', async () => {
    const prices = new FakePrices(10);
    const { asked, data, settled } = make(prices);
    asked.studies.set([SMA]);
    await settled();
    asked.dataset.set('provider');
    expect(data.shown()).toBeNull();
    await settled();
    const of = (all: { dataset: Dataset | null }[]) => all.map(({ dataset }) => dataset);
    expect([of(prices.askedBars), of(prices.askedStudies)]).toEqual([
      [null, 'provider'],
      [null, 'provider'],
    ]);
    expect(data.studies()).toHaveLength(1);
  });

  it('says why there is nothing, and is well again after a retry', async () => {
    const prices = new FakePrices(10);
    prices.failure = new Error('away');
    const { data, settled } = make(prices);
    await settled();
    expect(data.error()).toBe(prices.failure);
    prices.failure = null;
    data.refresh();
    await settled();
    expect(data.error()).toBeNull();
    expect(data.shown()?.bars).toHaveLength(10);
  });

  it('keeps its bars when they cannot be brought up to date, and says so', async () => {
    const prices = new FakePrices(10);
    const { data, settled } = make(prices);
    await settled();
    expect(data.shown()).not.toBeNull();
    prices.failure = new Error('away');
    data.refresh();
    await settled();
    expect(data.shown()?.bars).toHaveLength(10);
    expect(data.error()).toBeNull();
    expect(data.stalled()).toBe(true);
  });
});

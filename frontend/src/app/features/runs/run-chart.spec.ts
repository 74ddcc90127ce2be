import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ExecutionOut } from '@core/api';
import { PRICE_SOURCE } from '@shared/price-chart/price-source';
import { FakePrices } from '@shared/price-chart/testing';
import { RunChart } from './run-chart';

const RUN = {
  id: 'run-1',
  symbol: 'AAPL',
  as_of: '2012-09-14T23:00:00Z',
  nodes: [],
  trade: null,
} as unknown as ExecutionOut;
const read = (source: string): ExecutionOut => ({
  ...RUN,
  data: { source, simulated: false, last_bar_at: null },
});

/** Without bars nothing is drawn, which this environment could not do. */
describe('the chart of a run', () => {
  async function open(run: ExecutionOut) {
    const prices = new FakePrices(0);
    TestBed.configureTestingModule({
      providers: [provideRouter([]), { provide: PRICE_SOURCE, useValue: prices }],
    });
    const fixture = TestBed.createComponent(RunChart);
    const show = async (shown: ExecutionOut) => {
      fixture.componentRef.setInput('run', shown);
      await fixture.whenStable();
    };
    await show(run);
    return { show, asked: () => prices.askedBars.map(({ dataset }) => dataset) };
  }

  for (const [source, dataset] of [
    ['imported', 'imported'],
    ['sample', 'sample'],
    ['alpaca', 'provider'],
    ['simulated', 'provider'],
  ] as const)
    it(`is of the prices that it read: ${source}`, async () => {
      expect((await open(read(source))).asked()).toEqual([dataset]);
    });

  it('is not drawn anew once a run has read its prices', async () => {
    const { show, asked } = await open({ ...RUN, data: null });
    await show(read('sample'));
    expect(asked()).toEqual([null]);
    await show({ ...read('sample'), id: 'run-2' });
    expect(asked()).toEqual([null, 'sample']);
  });
});

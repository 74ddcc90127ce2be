import { Component, input } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { ExecutionOut, WhatHappenedNextOut } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { PriceChart } from '@shared/price-chart/price-chart';
import { hasNext, WhatNext } from './what-next';
import { aNext } from './what-next.testing';

@Component({ selector: 'k-price-chart', template: '{{ dataset() }} until {{ end() }}' })
class FakeChart {
  readonly symbol = input.required<string>();
  readonly timeframe = input('1d');
  readonly end = input<string | null>(null);
  readonly dataset = input<string | null>(null);
  readonly lines = input<readonly unknown[]>([]);
  readonly marks = input<readonly unknown[]>([]);
}

const PATH = '/executions/run-1/what-happened-next';
const RUN = {
  id: 'run-1',
  symbol: 'AAPL',
  status: 'succeeded',
  real_time: false,
  trade: { fills: [{}] },
} as unknown as ExecutionOut;

describe('what happened next', () => {
  async function open() {
    TestBed.configureTestingModule({ providers: [provideFakeApi()] });
    TestBed.overrideComponent(WhatNext, {
      remove: { imports: [PriceChart] },
      add: { imports: [FakeChart] },
    });
    const fixture = TestBed.createComponent(WhatNext);
    fixture.componentRef.setInput('run', RUN);
    await fixture.whenStable();
    const part = fixture.nativeElement as HTMLElement;
    const press = (words: string) => {
      const buttons = [...part.querySelectorAll('button')];
      buttons.find((one) => one.textContent.trim() === words)!.click();
      fixture.detectChanges();
    };
    const answered = async (found: WhatHappenedNextOut) => {
      press('Show what happened next');
      (await asked('GET', PATH)).flush(found);
      await settled(fixture);
    };
    const facts = () =>
      [...part.querySelectorAll('dl div')].map(
        (one) => `${one.querySelector('dt')!.textContent}: ${one.querySelector('dd')!.textContent}`,
      );
    return { fixture, part, press, answered, facts };
  }

  it('asks nothing and shows nothing of the future until it is pressed', async () => {
    const { part } = await open();
    nothingAsked();
    expect(part.querySelector('.story')).toBeNull();
    expect(part.querySelector('k-price-chart')).toBeNull();
  });

  it('tells the course in sentences, figures, fills and a chart up to the last bar', async () => {
    const { part, answered, facts } = await open();
    await answered(aNext());
    expect(part.querySelector('.story')!.textContent).toContain('Target 1 was reached on 12 March');
    expect(facts()).toEqual([
      'Entry: 150.65 (estimated: last price plus slippage)',
      'Profit after commissions: +17.15 USD',
      'In risks: +0.69 R',
    ]);
    expect(part.querySelectorAll('tbody tr').length).toBe(3);
    expect(part.querySelector('k-price-chart')!.textContent).toBe(
      'sample until 2013-03-13T20:00:00Z',
    );
  });

  it('says of a trade that is open what is held, and that its profit is so far', async () => {
    const { answered, facts } = await open();
    await answered(aNext({ status: 'open', pnl: '-0.05', r: '-0.0020', open_quantity: '10' }));
    expect(facts().slice(1)).toEqual([
      'Profit so far: −0.05 USD',
      'In risks: −0.00 R',
      'Held: 10, last 75.20',
    ]);
  });

  it('shows no figures and no chart where no data follow', async () => {
    const { part, answered, facts } = await open();
    await answered(
      aNext({ status: 'no_data', fills: [], played_until: null, story: ['No data after.'] }),
    );
    expect(facts().length).toBe(1);
    expect(part.querySelector('k-price-chart')).toBeNull();
    expect(part.querySelector('.story')!.textContent).toContain('No data after.');
  });

  it('says why it cannot tell', async () => {
    const { fixture, part, press } = await open();
    press('Show what happened next');
    refuse(await asked('GET', PATH), 'The prices were replaced.');
    await settled(fixture);
    expect(part.querySelector('k-error-state')!.textContent).toContain('The prices were replaced.');
  });

  it('is hidden again', async () => {
    const { part, press, answered } = await open();
    await answered(aNext());
    press('Hide');
    expect(part.querySelector('.story')).toBeNull();
  });
});

describe('whether there is a next', () => {
  it('is of ended runs of the past that filled something', () => {
    expect(hasNext(RUN)).toBe(true);
    expect(hasNext({ ...RUN, real_time: true })).toBe(false);
    expect(hasNext({ ...RUN, status: 'running' })).toBe(false);
    expect(hasNext({ ...RUN, trade: null })).toBe(false);
    expect(hasNext({ ...RUN, trade: { fills: [] } as unknown as ExecutionOut['trade'] })).toBe(
      false,
    );
  });
});

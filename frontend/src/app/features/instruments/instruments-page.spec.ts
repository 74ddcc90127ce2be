import { EventEmitter } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { MatDialog } from '@angular/material/dialog';
import { provideRouter, Router } from '@angular/router';
import type { InstrumentDetail, InstrumentOut } from '@core/api';
import { asked, provideFakeApi, queryOf, refuse, settled } from '@core/http/testing';
import { Subject } from 'rxjs';
import { InstrumentsPage } from './instruments-page';
import { AAPL } from './testing';

const NVDA: InstrumentOut = {
  ...AAPL,
  symbol: 'NVDA',
  name: 'Nvidia',
  tick: null,
  decided_by: { ...AAPL.decided_by, currency: 'user' },
  currency: 'EUR',
  datasets: [{ ...AAPL.datasets[0]!, source: 'imported', gaps: 3 }, ...AAPL.datasets],
};

describe('the page of the instruments', () => {
  async function open(inputs: { search?: string; symbol?: string } = {}) {
    const dialogs = { opened: [] as unknown[], became: new EventEmitter<InstrumentDetail>() };
    const closed = new Subject<void>();
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([{ path: 'instruments', component: InstrumentsPage }]),
        {
          provide: MatDialog,
          useValue: {
            open: (_: unknown, { data }: { data: string }) => {
              dialogs.opened.push(data);
              return {
                componentInstance: { became: dialogs.became },
                afterClosed: () => closed,
                close: () => closed.next(),
              };
            },
          },
        },
      ],
    });
    const fixture = TestBed.createComponent(InstrumentsPage);
    for (const [name, value] of Object.entries(inputs)) fixture.componentRef.setInput(name, value);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const settle = () => settled(fixture);
    const answer = async (items: InstrumentOut[]) => {
      const call = await asked('GET', '/market/instruments');
      call.flush({ items, next_cursor: null });
      await settle();
      return call;
    };
    const row = (symbol: string) => {
      const found = [...page.querySelectorAll<HTMLElement>('tbody tr')].find(
        (it) => it.querySelector('.name button')?.textContent?.trim() === symbol,
      )!;
      return [...found.querySelectorAll('td')].map((cell) =>
        cell.textContent!.replace(/\s+/g, ' ').trim(),
      );
    };
    return { fixture, page, settle, answer, row, dialogs, closed };
  }

  it('shows terms in words and where prices come from', async () => {
    const { page, answer, row } = await open();
    expect(page.querySelectorAll('k-skeleton-rows')).toHaveLength(1);
    await answer([AAPL, NVDA]);
    expect(row('AAPL').slice(0, 9)).toEqual([
      'AAPL Apple',
      'New York Stock Exchange',
      'USD',
      '0.01',
      '1',
      'Not known',
      'Sample history',
      '2 Jan 2004 to 1 Mar 2013',
      '–',
    ]);
  });

  it('tells what is not known and what its user decided, and has a line for each dataset', async () => {
    const { answer, row } = await open();
    await answer([NVDA]);
    const [, , currency, tick, , , from, , gaps] = row('NVDA');
    expect(currency).toEqual(expect.stringMatching(/^EUR .*Decided by you$/));
    expect(tick).toBe('Not known');
    expect(from).toBe('Your import Sample history');
    expect(gaps).toBe('3 bars–');
  });

  it('marks the prices that always answer', async () => {
    const { answer, row } = await open();
    await answer([{ ...AAPL, dataset: 'sample' }]);
    expect(row('AAPL')[6]).toMatch(/^Sample history .*Always, decided by you$/);
  });

  it('asks for what is searched, and offers to set up what is not there', async () => {
    const { page, answer, dialogs, settle } = await open({ search: 'ZZZ' });
    const call = await answer([]);
    expect(queryOf(call).get('query')).toBe('ZZZ');
    expect(page.textContent).toContain('No instrument matches');
    const address = vi.spyOn(TestBed.inject(Router), 'navigate');
    page.querySelector<HTMLElement>('.missing button')!.click();
    await settle();
    expect(address).toHaveBeenCalledWith(
      ['/instruments'],
      expect.objectContaining({ queryParams: { symbol: 'ZZZ' } }),
    );
    expect(dialogs.opened).toEqual([]);
  });

  it('offers an import while there is nothing', async () => {
    const { page, answer } = await open();
    await answer([]);
    expect(page.textContent).toContain('No instruments yet');
    expect(page.querySelector('.missing')).toBeNull();
    expect(page.querySelectorAll('a[href="/import"]').length).toBeGreaterThan(0);
  });

  it('says why they could not be read', async () => {
    const { page, settle } = await open();
    refuse(await asked('GET', '/market/instruments'), 'Not just now.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('Not just now.');
  });

  it('opens the one that its address names, and shows what it became', async () => {
    const { answer, row, dialogs, settle, closed, fixture } = await open({ symbol: 'AAPL' });
    expect(dialogs.opened).toEqual(['AAPL']);
    await answer([AAPL, NVDA]);
    dialogs.became.emit({ ...AAPL, tick: '0.05' });
    await settle();
    expect(row('AAPL')[3]).toBe('0.05');
    closed.next();
    fixture.componentRef.setInput('symbol', undefined);
    await settle();
    expect(dialogs.opened).toEqual(['AAPL']);
  });

  it('reads the list anew when what was changed is not on it', async () => {
    const { answer, dialogs } = await open({ symbol: 'VOD.L' });
    await answer([AAPL]);
    dialogs.became.emit({ ...AAPL, symbol: 'VOD.L' });
    await answer([AAPL, { ...AAPL, symbol: 'VOD.L' }]);
  });
});

import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ActionList } from '@core/api';
import { asked, provideFakeApi, settled } from '@core/http/testing';
import { SymbolActions } from './symbol-actions';

describe('the splits and dividends of a symbol', () => {
  async function show(found: ActionList) {
    TestBed.configureTestingModule({ providers: [provideFakeApi(), provideRouter([])] });
    const fixture = TestBed.createComponent(SymbolActions);
    fixture.componentRef.setInput('symbol', 'AAPL');
    fixture.detectChanges();
    (await asked('GET', '/market/symbols/AAPL/actions')).flush(found);
    await settled(fixture);
    const part = fixture.nativeElement as HTMLElement;
    return [...part.querySelectorAll('li')].map((one) =>
      [...one.children].map((it) => it.textContent.trim()).join(', '),
    );
  }

  it('are listed with their days and files', async () => {
    const source = 'AAPL.json';
    const rows = await show({
      items: [
        {
          kind: 'split',
          ex_date: '2020-08-31',
          ratio: '4:1',
          amount: null,
          currency: null,
          source,
        },
        {
          ...{ kind: 'dividend', ex_date: '2020-08-07', ratio: null, source },
          ...{ amount: '0.205', currency: 'USD' },
        },
      ],
      next_cursor: null,
    });
    expect(rows).toEqual([
      '31 Aug 2020, Split 4:1, AAPL.json',
      '7 Aug 2020, Dividend of 0.205 USD a share, AAPL.json',
    ]);
  });

  it('say what to do where there are none', async () => {
    const [row] = await show({ items: [], next_cursor: null });
    expect(row).toContain('No file has told of splits or dividends of AAPL');
    expect(row).toContain('Import splits');
  });
});

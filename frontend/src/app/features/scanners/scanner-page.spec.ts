import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { asked, nothingAsked, provideFakeApi, settled } from '@core/http/testing';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { ScannerPage } from './scanner-page';

describe('the page that makes a scanner', () => {
  it('makes one of a double click, though the button is not dead yet at its second half', async () => {
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([{ path: 'signals/scanners', children: [] }]),
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    const fixture = TestBed.createComponent(ScannerPage);
    (await asked('GET', '/scanners/fields')).flush({ items: [] });
    await settled(fixture);
    fixture.componentInstance['change']({ name: 'Mine', tickers: ['AAPL'] });
    await settled(fixture);
    const save = fixture.nativeElement.querySelector('button[type=submit]') as HTMLButtonElement;
    save.click();
    save.click();
    (await asked('POST', '/scanners')).flush({ name: 'Mine' });
    nothingAsked();
    await settled(fixture);
  });
});

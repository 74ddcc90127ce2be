import { HttpClient } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { asked, provideFakeApi, queryOf, refuse, settled } from '@core/http/testing';
import { UPLOAD_CLIENT } from '@core/http/upload-client';
import { ImportPage } from './import-page';
import { previewOf } from './testing';

const IMPORTS = '/market/imports';

describe('the page to import price history', () => {
  async function open(items: readonly object[] = [], next_cursor: string | null = null) {
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: UPLOAD_CLIENT, useExisting: HttpClient },
      ],
    });
    const fixture = TestBed.createComponent(ImportPage);
    const settle = () => settled(fixture);
    (await asked('GET', IMPORTS)).flush({ items, next_cursor });
    await settle();
    const page = fixture.nativeElement as HTMLElement;
    const click = async (name: string) => {
      const all = [...document.querySelectorAll<HTMLElement>('button')];
      all
        .filter((it) => it.textContent?.trim() === name)
        .at(-1)!
        .click();
      await settle();
    };
    return { page, settle, click };
  }

  it('takes files that are dropped anywhere on it', async () => {
    const { page, settle } = await open();
    const drop = new Event('drop', { bubbles: true, cancelable: true });
    Object.assign(drop, { dataTransfer: { files: [new File(['a'], 'AAPL.csv')] } });
    page.querySelector('h2')!.dispatchEvent(drop);
    expect(drop.defaultPrevented).toBe(true);
    (await asked('POST', `${IMPORTS}/preview`)).flush(previewOf());
    await settle();
    expect(page.querySelector('article')?.textContent).toContain('Ready to import');
    expect(page.querySelector('k-recent-imports')?.textContent).toContain('Ready to import');
  });

  it('says what to do where nothing was imported yet', async () => {
    const { page } = await open();
    expect(page.textContent).toContain('Nothing imported yet');
    expect(page.textContent).toContain('TradingView');
  });

  it('lists what there was, page by page', async () => {
    const { page, click } = await open([previewOf({ status: 'done' })], 'next');
    expect(page.querySelector('tbody')?.textContent).toContain('2 bars of AAPL');
    await click('Load more');
    const more = await asked('GET', IMPORTS);
    expect(queryOf(more).get('cursor')).toBe('next');
  });

  it('opens a preview that was left behind', async () => {
    const { page, click } = await open([previewOf()]);
    page.querySelector<HTMLElement>('tbody button')!.click();
    await click('Open');
    expect(page.querySelector('article')?.textContent).toContain('Ready to import');
  });

  it('asks before an import is undone, and says why when it cannot be', async () => {
    const { page, click, settle } = await open([previewOf({ status: 'done' })]);
    page.querySelector<HTMLElement>('tbody button')!.click();
    await click('Undo');
    expect(document.querySelector('mat-dialog-container')?.textContent).toContain('comes back');
    await click('Undo import');
    refuse(await asked('DELETE', `${IMPORTS}/import-1`), 'A later import stands on its bars.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('A later import stands');
  });
});

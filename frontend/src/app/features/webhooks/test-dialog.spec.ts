import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { asked, nothingAsked, provideFakeApi, settled } from '@core/http/testing';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { TestDialog } from './test-dialog';

describe('the dialog that sends a test', () => {
  it('sends what is typed as it stands, once', async () => {
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        { provide: MAT_DIALOG_DATA, useValue: 's' },
        { provide: MatDialogRef, useValue: { close: () => undefined } },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    const fixture = TestBed.createComponent(TestDialog);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const field = page.querySelector<HTMLInputElement>('#test-ticker')!;
    field.value = 'nvda';
    field.dispatchEvent(new Event('input'));
    await settled(fixture);
    const send = [...page.querySelectorAll('button')].at(-1)!;
    expect(send.disabled).toBe(false);
    send.click();
    send.click();
    const { request } = await asked('POST', '/webhook-sources/s/test');
    expect(request.body).toMatchObject({ ticker: 'NVDA', direction: 'BULLISH', confidence: 80 });
    nothingAsked();
  });
});

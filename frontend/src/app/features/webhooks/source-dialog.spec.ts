import { TestBed } from '@angular/core/testing';
import { MatDialogRef } from '@angular/material/dialog';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { SourceDialog } from './source-dialog';

describe('the dialog that makes a webhook', () => {
  async function open() {
    const closedWith: unknown[] = [];
    const dialog = { close: (result: unknown) => closedWith.push(result) };
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: MatDialogRef, useValue: dialog }],
    });
    const fixture = TestBed.createComponent(SourceDialog);
    const settle = () => settled(fixture);
    await settle();
    const page = fixture.nativeElement as HTMLElement;
    const name = page.querySelector<HTMLInputElement>('#source-name')!;
    const type = async (text: string) => {
      name.value = text;
      name.dispatchEvent(new Event('input'));
      await settle();
    };
    const create = async () => {
      page.querySelector<HTMLButtonElement>('button:last-of-type')!.click();
      await settle();
    };
    const choose = async (label: string) => {
      const labels = [...page.querySelectorAll('.kinds label')];
      const found = labels.find((it) => it.querySelector('b')?.textContent === label)!;
      found.querySelector('input')!.click();
      await settle();
    };
    return { page, name, type, create, choose, settle, closedWith };
  }

  it('closes with what was made, and its secret', async () => {
    const { type, create, choose, settle, closedWith } = await open();
    await type(' Breakouts ');
    await choose('TradingView');
    await create();
    const call = await asked('POST', '/webhook-sources');
    expect(call.request.body).toEqual({ name: 'Breakouts', kind: 'tradingview' });
    call.flush({ id: 's', secret: 'topsecret' });
    await settle();
    expect(closedWith).toEqual([{ id: 's', secret: 'topsecret' }]);
  });

  it('wants a name, and says so once one tries without', async () => {
    const { name, type, create } = await open();
    expect(name.getAttribute('aria-invalid')).toBeNull();
    await type('  ');
    await create();
    nothingAsked();
    expect(name.getAttribute('aria-invalid')).toBe('true');
    await type('Breakouts');
    expect(name.getAttribute('aria-invalid')).toBeNull();
  });

  it('makes one webhook, however often one asks while it is being made', async () => {
    const { name, type } = await open();
    await type('Breakouts');
    const enter = () => name.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    enter();
    enter();
    (await asked('POST', '/webhook-sources')).flush({ id: 's' });
    nothingAsked();
  });

  it('has one kind chosen, to begin with that of signed deliveries', async () => {
    const { page, choose } = await open();
    const chosen = () => [...page.querySelectorAll('.on b')].map((it) => it.textContent);
    expect(chosen()).toEqual(['Signed (HMAC)']);
    await choose('Standard Webhooks');
    expect(chosen()).toEqual(['Standard Webhooks']);
  });

  it('stays open and says why when it was refused', async () => {
    const { page, type, create, settle, closedWith } = await open();
    await type('Breakouts');
    await create();
    refuse(await asked('POST', '/webhook-sources'), 'You have 20 webhooks, the most there may be.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('You have 20 webhooks');
    expect(closedWith).toEqual([]);
    await create();
    (await asked('POST', '/webhook-sources')).flush({ id: 's' });
  });
});

import { TestBed } from '@angular/core/testing';
import { MatDialogRef } from '@angular/material/dialog';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { KeyDialog } from './key-dialog';

describe('the dialog that makes an API key', () => {
  async function open() {
    const closedWith: unknown[] = [];
    const dialog = { disableClose: false, close: (result: unknown) => closedWith.push(result) };
    TestBed.configureTestingModule({
      providers: [provideFakeApi(), { provide: MatDialogRef, useValue: dialog }],
    });
    const fixture = TestBed.createComponent(KeyDialog);
    const settle = () => settled(fixture);
    (await asked('GET', '/api-keys/scopes')).flush({
      items: [
        { scope: 'quotes:write', sentence: 'Send quotes.' },
        { scope: 'market:read', sentence: 'Read prices.' },
      ],
    });
    await settle();
    const page = fixture.nativeElement as HTMLElement;
    const type = async (text: string) => {
      const name = page.querySelector<HTMLInputElement>('#key-name');
      if (name) name.value = text;
      name?.dispatchEvent(new Event('input'));
      await settle();
    };
    const tick = async (scope: string) => {
      const found = [...page.querySelectorAll('.scope')].find((it) =>
        it.textContent.includes(scope),
      );
      found?.querySelector('input')?.click();
      await settle();
    };
    const press = async () => {
      page.querySelector<HTMLButtonElement>('mat-dialog-actions button:last-of-type')?.click();
      await settle();
    };
    return { page, dialog, type, tick, press, settle, closedWith };
  }

  it('says what each scope means', async () => {
    const { page } = await open();
    expect(page.querySelector('fieldset')?.textContent).toContain('Send quotes.');
  });

  it('wants a name and a scope, and says so', async () => {
    const { page, type, press } = await open();
    await press();
    nothingAsked();
    expect(page.textContent).toContain('Say what will use the key.');
    expect(page.textContent).toContain('Choose at least one.');
    await type('Script');
    expect(page.textContent).not.toContain('Say what will use the key.');
  });

  it('shows the key once, and does not close by a slip', async () => {
    const { page, dialog, type, tick, press, settle, closedWith } = await open();
    await type(' Script ');
    await tick('quotes:write');
    await tick('market:read');
    await tick('market:read');
    await press();
    const call = await asked('POST', '/api-keys');
    expect(call.request.body).toMatchObject({ name: 'Script', scopes: ['quotes:write'] });
    expect(Date.parse(call.request.body.expires_at)).toBeGreaterThan(Date.now());
    call.flush({ id: 'k', name: 'Script', key: 'kuber_secret' });
    await settle();
    expect(page.querySelector('k-copy-field')?.textContent).toContain('kuber_secret');
    expect(dialog.disableClose).toBe(true);
    await press();
    expect(closedWith).toEqual([true]);
  });

  it('stays open and says why when it was refused', async () => {
    const { page, type, tick, press, settle, closedWith } = await open();
    await type('Script');
    await tick('market:read');
    await press();
    refuse(await asked('POST', '/api-keys'), 'You have 25 API keys that work.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('You have 25 API keys');
    expect(closedWith).toEqual([]);
  });
});

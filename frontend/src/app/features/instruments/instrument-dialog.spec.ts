import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialog, MatDialogRef } from '@angular/material/dialog';
import { provideRouter } from '@angular/router';
import type { InstrumentDetail } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { of } from 'rxjs';
import { InstrumentDialog } from './instrument-dialog';
import { AAPL } from './testing';

const OWN: InstrumentDetail = {
  ...AAPL,
  tick: '0.05',
  decided_by: { ...AAPL.decided_by, tick: 'user' },
};
const CALENDARS = {
  items: [
    { code: 'XNYS', name: 'New York Stock Exchange' },
    { code: '24/5 UTC', name: '24/5, days end 00:00 UTC' },
  ],
  next_cursor: null,
};

describe('the dialog of an instrument', () => {
  async function open(instrument: InstrumentDetail | null = AAPL) {
    let closed = false;
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: MAT_DIALOG_DATA, useValue: 'AAPL' },
        { provide: MatDialogRef, useValue: { close: () => (closed = true) } },
        { provide: MatDialog, useValue: { open: () => ({ afterClosed: () => of(true) }) } },
      ],
    });
    const fixture = TestBed.createComponent(InstrumentDialog);
    const became: InstrumentDetail[] = [];
    fixture.componentInstance.became.subscribe((one) => became.push(one));
    const settle = () => settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const field = <T extends HTMLInputElement | HTMLSelectElement>(name: string) =>
      page.querySelector<T>(`#instrument-${name}`)!;
    const type = async (name: string, text: string) => {
      const input = field(name);
      input.value = text;
      input.dispatchEvent(new Event(input instanceof HTMLSelectElement ? 'change' : 'input'));
      await settle();
    };
    const button = (label: string) =>
      [...page.querySelectorAll('button')].find((it) => it.textContent?.trim() === label);
    const save = async () => {
      page.querySelector('form')!.dispatchEvent(new Event('submit'));
      await settle();
    };
    const load = async (shown: InstrumentDetail) => {
      (await asked('GET', '/market/instruments/AAPL')).flush(shown);
      (await asked('GET', '/market/calendars')).flush(CALENDARS);
      await settle();
    };
    if (instrument) await load(instrument);
    return { page, settle, field, type, button, save, load, became, isClosed: () => closed };
  }

  it('leaves empty what the symbol decides, and says why it is so', async () => {
    const { page, field, button } = await open();
    expect([field('tick').value, field<HTMLInputElement>('tick').placeholder]).toEqual([
      '',
      '0.01',
    ]);
    expect(field<HTMLSelectElement>('market').selectedOptions[0]?.textContent?.trim()).toBe(
      'By the symbol: New York Stock Exchange',
    );
    expect(page.querySelector('#instrument-tick-help')?.textContent).toContain('A cent');
    expect(button('Save')?.disabled).toBe(true);
    expect(button('Reset')).toBeUndefined();
  });

  it('offers the prices that there are, and saves which always answer', async () => {
    const { page, field, type, save } = await open();
    const options = [...field<HTMLSelectElement>('dataset').options];
    expect(options.map(({ text }) => text.trim())).toEqual([
      'Chosen by date (your import, else the sample in its years, else the provider)',
      'Always the sample',
    ]);
    expect(page.querySelector('#instrument-dataset-help')?.textContent).toContain('Your import');
    await type('dataset', 'sample');
    await save();
    const call = await asked('PUT', '/market/instruments/AAPL');
    expect(call.request.body).toEqual({ dataset: 'sample' });
  });

  it('lets the time decide again', async () => {
    const { field, type, save, button } = await open({
      ...AAPL,
      dataset: 'sample',
      decided_by: { ...AAPL.decided_by, dataset: 'user' },
    });
    expect(field('dataset').value).toBe('sample');
    expect(button('Reset')).toBeDefined();
    await type('dataset', '');
    await save();
    const call = await asked('PUT', '/market/instruments/AAPL');
    expect(call.request.body).toEqual({ dataset: null });
  });

  it('saves what was changed alone, and closes', async () => {
    const { type, save, settle, became, isClosed } = await open();
    await type('market', '24/5 UTC');
    await type('shortable', 'no');
    await save();
    const call = await asked('PUT', '/market/instruments/AAPL');
    expect(call.request.body).toEqual({ market: '24/5 UTC', shortable: false });
    const after = { ...AAPL, market: '24/5 UTC' };
    call.flush(after);
    await settle();
    expect(became).toEqual([after]);
    expect(isClosed()).toBe(true);
  });

  it('stays open to tell what stored bars do', async () => {
    const { page, type, save, settle, isClosed } = await open();
    await type('market', 'XNYS');
    await save();
    const message = 'Bars of AAPL that are stored already keep the closes they were imported with.';
    (await asked('PUT', '/market/instruments/AAPL')).flush({
      ...AAPL,
      notes: [{ code: 'stored_closes_stay', message }],
    });
    await settle();
    expect(page.querySelector('k-notice')?.textContent).toContain(message);
    expect(isClosed()).toBe(false);
  });

  it('goes back to the symbol with an emptied field', async () => {
    const { field, type, save } = await open(OWN);
    expect(field('tick').value).toBe('0.05');
    await type('tick', ' ');
    await save();
    expect((await asked('PUT', '/market/instruments/AAPL')).request.body).toEqual({ tick: null });
  });

  it('does not send what cannot be a step, and says so under it', async () => {
    const { page, type, save, button } = await open();
    await type('tick', '0');
    await save();
    nothingAsked();
    expect(button('Save')?.disabled).toBe(true);
    expect(page.querySelector('#instrument-tick-help')?.textContent).toContain('above 0');
  });

  it('says a refusal under its field', async () => {
    const { page, type, save, settle, isClosed } = await open();
    await type('currency', 'MOON');
    await save();
    const errors = [{ field: 'currency', message: "'MOON' is no currency.", remedy: 'Use USD.' }];
    refuse(await asked('PUT', '/market/instruments/AAPL'), 'No.', errors);
    await settle();
    expect(page.querySelector('#instrument-currency-help')?.textContent).toContain(
      'is no currency',
    );
    expect(page.querySelector('k-error-state')).toBeNull();
    expect(isClosed()).toBe(false);
  });

  it('resets once one agrees', async () => {
    const { button, settle, became } = await open(OWN);
    button('Reset')!.click();
    await settle();
    (await asked('DELETE', '/market/instruments/AAPL')).flush(AAPL);
    await settle();
    expect(became).toEqual([AAPL]);
  });

  it('says why it could not be read, and reads it again', async () => {
    const { page, settle, load } = await open(null);
    refuse(await asked('GET', '/market/instruments/AAPL'), 'Not just now.');
    (await asked('GET', '/market/calendars')).flush(CALENDARS);
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('Not just now.');
    page.querySelector<HTMLElement>('k-error-state button')!.click();
    await load(AAPL);
    expect(page.querySelector('form')).not.toBeNull();
  });
});

import { TestBed } from '@angular/core/testing';
import { MAT_DIALOG_DATA, MatDialogRef } from '@angular/material/dialog';
import { provideRouter, Router } from '@angular/router';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { localMoment } from '@shared/format/times';
import { PRICES_AT, SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { IMPORTED } from '@shared/symbol-picker/testing';
import { RunDialog } from './run-dialog';

const SWING = {
  id: 'p',
  name: 'Swing',
  published_version: 3,
  draft_differs: false,
  last_run: { symbol: 'AAPL' },
};

const pricesAt = (symbol: string, asOf: string | null) =>
  Promise.resolve(symbol === 'NOPE' ? null : { ...IMPORTED, ended: asOf === null });

describe('the dialog that runs a pipeline', () => {
  let closed: number;
  let went: unknown[];

  async function open(change: object = {}) {
    [closed, went] = [0, []];
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: MAT_DIALOG_DATA, useValue: { ...SWING, ...change } },
        { provide: MatDialogRef, useValue: { close: () => (closed += 1) } },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
        { provide: PRICES_AT, useValue: pricesAt },
      ],
    });
    vi.spyOn(TestBed.inject(Router), 'navigate').mockImplementation((to) => {
      went.push(to);
      return Promise.resolve(true);
    });
    const fixture = TestBed.createComponent(RunDialog);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const button = (name: string) =>
      [...page.querySelectorAll('button')].find((it) => it.textContent.trim() === name);
    const press = async (name: string) => {
      button(name)!.click();
      await settled(fixture);
    };
    const field = () => page.querySelector<HTMLInputElement>('.moment');
    const date = async (local: string) => {
      const when = page.querySelector('select')!;
      when.value = 'history';
      when.dispatchEvent(new Event('change'));
      await settled(fixture);
      field()!.value = local;
      field()!.dispatchEvent(new Event('input'));
      await settled(fixture);
    };
    return { page, button, press, date, field, settle: () => settled(fixture) };
  }

  it('runs on the symbol of the last run as of now, and leads to the run', async () => {
    const { button, press, settle } = await open();
    await press('Run');
    expect(button('Starting')?.disabled).toBe(true);
    const call = await asked('POST', '/pipelines/p/run');
    expect(call.request.body).toEqual({ symbol: 'AAPL', as_of: null });
    call.flush({ execution_id: 'run-1' });
    await settle();
    expect([closed, went]).toEqual([1, [['/runs', 'run-1']]]);
  });

  it('takes the moment that is chosen, as the editor does', async () => {
    const { press, date } = await open();
    await date('2019-03-01T18:00');
    await press('Run');
    const { request } = await asked('POST', '/pipelines/p/run');
    const moment = new Date('2019-03-01T18:00').toISOString();
    expect(request.body).toEqual({ symbol: 'AAPL', as_of: moment });
  });

  it('takes today, and does not run in the future', async () => {
    const { page, button, date } = await open();
    await date(localMoment(new Date().toISOString()));
    expect(button('Run')?.disabled).toBe(false);
    await date('2199-01-01T10:00');
    expect(button('Run')?.disabled).toBe(true);
    expect(page.textContent).toContain('This is in the future. Choose a moment up to now.');
  });

  it('does not run before the first bar, nor on a symbol without prices', async () => {
    const { page, button, date } = await open();
    await date('1990-05-14T12:00');
    expect(page.textContent).toContain('No prices of AAPL before 2 Jan 2015');
    expect(button('Run')?.disabled).toBe(true);
    TestBed.resetTestingModule();
    const unknown = await open({ last_run: { symbol: 'NOPE' } });
    expect(unknown.page.textContent).toContain('No prices for NOPE');
    expect(unknown.button('Run')?.disabled).toBe(true);
  });

  it('goes to the end of prices that have ended', async () => {
    const { page, press, field } = await open();
    expect(page.textContent).toContain('Your prices of AAPL end on 3 Nov 2020.');
    await press('Set As of to then');
    expect(field()!.value).toBe(localMoment(IMPORTED.last_at!));
    expect(page.textContent).toContain('Your import, 2015 to 3 Nov 2020');
    await press('Run');
    const { request } = await asked('POST', '/pipelines/p/run');
    expect(request.body).toEqual({ symbol: 'AAPL', as_of: '2020-11-03T21:00:00.000Z' });
  });

  it('does not run without a symbol', async () => {
    const { button, press } = await open({ last_run: null });
    expect(button('Run')?.disabled).toBe(true);
    await press('Run');
    nothingAsked();
  });

  it('can be asked for as soon as something is typed, and takes it as it stands', async () => {
    const { page, button, settle } = await open({ last_run: null });
    const field = page.querySelector<HTMLInputElement>('#run-symbol')!;
    field.value = ' aapl';
    field.dispatchEvent(new Event('input'));
    await settle();
    expect(button('Run')?.disabled).toBe(false);
    button('Run')!.form!.requestSubmit();
    button('Run')!.form!.requestSubmit();
    const call = await asked('POST', '/pipelines/p/run');
    expect(call.request.body).toEqual({ symbol: 'AAPL', as_of: null });
    nothingAsked();
  });

  it('stays open and says why when it was refused', async () => {
    const { page, button, press, settle } = await open();
    await press('Run');
    refuse(await asked('POST', '/pipelines/p/run'), 'Too many runs at once.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('Too many runs at once.');
    expect([button('Run')?.disabled, closed, went]).toEqual([false, 0, []]);
  });

  it('leads to the editor instead when nothing is published', async () => {
    const { page, button } = await open({ published_version: null });
    expect(button('Run')).toBeUndefined();
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/pipelines/p');
  });

  it('says that a draft is not what runs, if there is one', async () => {
    const words = 'Its draft runs in the editor only.';
    expect((await open()).page.textContent).not.toContain(words);
    TestBed.resetTestingModule();
    expect((await open({ draft_differs: true })).page.textContent).toContain(words);
  });
});

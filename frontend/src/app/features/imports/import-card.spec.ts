import { HttpClient } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ImportView } from '@core/api';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { UPLOAD_CLIENT } from '@core/http/upload-client';
import { ImportCard } from './import-card';
import { ImportJob } from './import-job';
import { actionsOf, previewOf } from './testing';

describe('the card of a file', () => {
  async function show(changes: Partial<ImportView> = {}, symbol = '') {
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: UPLOAD_CLIENT, useExisting: HttpClient },
      ],
    });
    const view = previewOf(changes);
    const job = new ImportJob(view.filename, view.size_bytes, null, symbol);
    job.view.set(view);
    const fixture = TestBed.createComponent(ImportCard);
    fixture.componentRef.setInput('job', job);
    await settled(fixture);
    const card = fixture.nativeElement as HTMLElement;
    const buttons = () =>
      [...card.querySelectorAll('button')].map((it) => it.textContent?.trim() ?? '');
    const button = (name: string) =>
      [...card.querySelectorAll('button')].find((it) => it.textContent?.trim() === name);
    const field = <T extends Element>(label: string) => {
      const found = [...card.querySelectorAll('label')].find((it) => it.textContent === label);
      return card.querySelector<T & HTMLInputElement>(`#${found?.htmlFor}`)!;
    };
    return { job, card, buttons, button, field, settle: () => settled(fixture) };
  }

  it('shows what was understood, how it is known, and the bars in two times', async () => {
    const { card, field } = await show();
    expect(card.textContent).toContain('2 bars of AAPL, 2 Jan 2024 to 3 Jan 2024');
    expect(field('Times are in').value).toBe('UTC');
    const how = card.querySelector(`#${field('Times are in').id}-how`);
    expect(how?.textContent).toContain('Assumed');
    const heads = [...card.querySelectorAll('th')].map((it) => it.textContent);
    expect(heads.slice(0, 4)).toEqual([
      'Opens, UTC',
      'Closes, UTC',
      'Opens, New York',
      'Closes, New York',
    ]);
    const cells = [...card.querySelectorAll('td')].map((it) => it.textContent);
    expect(cells.slice(0, 5)).toEqual([
      '2 Jan 2024, 14:30',
      '21:00',
      '2 Jan 2024, 09:30',
      '16:00',
      '187.15',
    ]);
  });

  it('shows the day of a close that is another than that of the opening', async () => {
    const [bar] = previewOf().first_bars;
    const closed = async (opened_at: string, closed_at: string) => {
      TestBed.resetTestingModule();
      const { card } = await show({ first_bars: [{ ...bar!, opened_at, closed_at }] });
      return card.querySelectorAll('td')[1]?.textContent;
    };
    expect(await closed('2024-01-02T23:00:00Z', '2024-01-03T00:00:00Z')).toBe('3 Jan, 00:00');
    const newYear = ['2023-12-31T00:00:00Z', '2024-01-01T00:00:00Z'] as const;
    expect(await closed(...newYear)).toBe('1 Jan 2024, 00:00');
  });

  it('lets a zone be typed to its end, though no zone of the list begins so', async () => {
    const { card, field, settle } = await show();
    document.body.append(card);
    const zone = field('Times are in');
    zone.focus();
    for (const text of ['U', 'UT', 'UTC', 'UTC+', 'UTC+2']) {
      zone.value = text;
      zone.dispatchEvent(new Event('input'));
      await settle();
    }
    nothingAsked();
    zone.blur();
    expect((await asked('PUT', '/market/imports/import-1')).request.body).toMatchObject({
      timezone: 'UTC+2',
    });
  });

  it('offers zones of which a word begins as what is typed', async () => {
    const { field, settle } = await show();
    const offered = async (text: string) => {
      const zone = field('Times are in');
      zone.dispatchEvent(new Event('focusin'));
      zone.value = text;
      zone.dispatchEvent(new Event('input'));
      await settle();
      const options = [...document.querySelectorAll('mat-option')];
      return options.map((it) => it.textContent?.trim());
    };
    expect(await offered('EET')).toEqual(['EET']);
    expect(await offered('rome')).toEqual(['Europe/Rome']);
    expect(await offered('new york')).toEqual(['America/New_York+07:00', 'America/New_York']);
  });

  it('shows splits with their origin and use, dividends, and asks how prices stand', async () => {
    const { job, card, field, settle } = await show(actionsOf());
    const cells = [...card.querySelectorAll('k-import-actions tbody tr')].map((row) =>
      [...row.querySelectorAll('td')]
        .map((it) => (it.querySelector('.use') ?? it).lastChild?.textContent?.trim())
        .join(', '),
    );
    expect(cells).toEqual([
      '31 Aug 2020, 4:1, File, Not applied yet',
      '9 Jun 2014, 7:1, Adjusted close, Applied',
    ]);
    expect(card.textContent).toContain('12 dividends, 3 Feb 2015 to 1 Nov 2024');
    expect(card.querySelector('k-import-contents')).toBeNull();
    const choice = field<HTMLSelectElement>('Prices are');
    choice.value = 'as_traded';
    choice.dispatchEvent(new Event('change'));
    const asking = await asked('PUT', '/market/imports/import-1');
    expect(asking.request.body).toMatchObject({ prices: 'as_traded' });
    asking.flush(actionsOf({ said: { ...job.view()!.said, prices: 'as_traded' } }));
    await settle();
    expect(job.view()?.said.prices).toBe('as_traded');
  });

  it('keeps Import locked while the file is checked', async () => {
    const { card, button, job, settle } = await show({
      status: 'checking',
      checked: false,
      progress: 0.4,
      bars: 0,
    });
    expect(button('Import')?.disabled).toBe(true);
    expect(card.textContent).toContain('Still being checked, 40%');
    expect(card.textContent).toContain('Not counted yet');
    job.view.set(previewOf());
    await settle();
    expect(button('Import')?.disabled).toBe(false);
  });

  it('previews again at once when a field is changed, with all that was said', async () => {
    const said = { ...previewOf().said, symbol: 'MSFT' };
    const { field, job, settle } = await show({ said });
    const timeframe = field<HTMLSelectElement>('Timeframe');
    timeframe.value = '1w';
    timeframe.dispatchEvent(new Event('change'));
    const call = await asked('PUT', '/market/imports/import-1');
    expect(call.request.body).toEqual({ ...said, timeframe: '1w' });
    await settle();
    expect(field('Symbol').disabled).toBe(true);
    call.flush(previewOf({ said: { ...said, timeframe: '1w' } }));
    await settle();
    expect([field('Timeframe').value, job.busy()]).toEqual(['1w', false]);
  });

  it('asks once, however one leaves a field', async () => {
    const { field, settle } = await show();
    const symbol = field('Symbol');
    symbol.value = ' MSFT ';
    symbol.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    symbol.dispatchEvent(new Event('blur'));
    const call = await asked('PUT', '/market/imports/import-1');
    expect((call.request.body as { symbol: string }).symbol).toBe('MSFT');
    call.flush(previewOf());
    await settle();
    nothingAsked();
  });

  it('offers both symbols where the file is called by another one than is wanted', async () => {
    const unnamed = { filename: 'EURUSD_M15.csv', status: 'refused', understood: {} } as const;
    const { button, buttons } = await show(unnamed, 'SAP.DE');
    expect(buttons()).toContain('Use EURUSD, as the file is called');
    button('Use SAP.DE, as this page was opened for it')!.click();
    const call = await asked('PUT', '/market/imports/import-1');
    expect((call.request.body as { symbol: string }).symbol).toBe('SAP.DE');
  });

  it('does not claim that somebody said a symbol which the page was opened for', async () => {
    const said = { ...previewOf().said, symbol: 'SAP.DE' };
    const { card, field, job, settle } = await show({ said, filename: 'prices.csv' }, 'SAP.DE');
    const how = () => card.querySelector(`#${field('Symbol').id}-how`)?.textContent;
    expect(how()).toContain('You said so');
    job.taken.set(true);
    await settle();
    expect(how()).toContain('As this page was opened for it');
    expect(how()).not.toContain('You said so');
  });

  it('says beside the button what speaks against the zone', async () => {
    const message = 'AAPL: 2 of 2 bars open while the market is closed.';
    const { card, button } = await show({ notes: [{ code: 'outside_hours', message }] });
    expect(card.querySelector('header [role=status]')?.textContent).toBe(
      `Ready to import, but look at: ${message}`,
    );
    expect(card.querySelector('header .tile k-icon')?.textContent).toContain('warning');
    expect(button('Import')?.disabled).toBe(false);
  });

  it('previews a zone that is still being typed before it imports', async () => {
    const { card, field, button, job, settle } = await show();
    const zone = field('Times are in');
    zone.value = 'Europe/Berlin';
    zone.dispatchEvent(new Event('input'));
    await settle();
    expect(card.querySelector('[role=status]')?.textContent).toBe(
      'Changed: read again before it is imported',
    );
    const press = new MouseEvent('mousedown', { cancelable: true });
    button('Import')!.dispatchEvent(press);
    // The field is not left, which would take the press away from the button.
    expect(press.defaultPrevented).toBe(true);
    button('Import')!.click();
    const call = await asked('PUT', '/market/imports/import-1');
    const said = { ...previewOf().said, timezone: 'Europe/Berlin' };
    expect(call.request.body).toEqual(said);
    nothingAsked();
    await settle();
    expect(card.querySelector('[role=status]')?.textContent).toBe('Reading it again');
    call.flush(previewOf({ said }));
    (await asked('POST', '/market/imports')).flush({});
    const done = previewOf({ said, status: 'done' });
    (await asked('GET', '/market/imports/import-1')).flush(done);
    await settle();
    expect(job.phase()).toBe('done');
    expect(card.textContent).toContain('Times were read as Europe/Berlin, as you said.');
  });

  it('locks Import while what is typed is refused, and says what to put right', async () => {
    const { card, field, button, settle } = await show();
    const zone = field('Times are in');
    const type = async (text: string) => {
      zone.value = text;
      zone.dispatchEvent(new Event('input'));
      zone.dispatchEvent(new Event('blur'));
      await settle();
    };
    const state = () => card.querySelector('[role=status]')?.textContent;
    await type('Berlin');
    const message = "There is no time zone 'Berlin'.";
    refuse(await asked('PUT', '/market/imports/import-1'), 'No.', [{ field: 'timezone', message }]);
    await settle();
    expect(button('Import')?.disabled).toBe(true);
    expect(state()).toBe('Needs a correction: put right “Times are in”');
    expect([zone.value, zone.getAttribute('aria-invalid')]).toEqual(['Berlin', 'true']);
    expect(card.textContent).toContain(message);
    await type('Berlin');
    nothingAsked();
    await type('UTC');
    nothingAsked();
    expect([state(), button('Import')?.disabled]).toEqual(['Ready to import', false]);
  });

  it('says of a refused file what to put right, at its field too, and offers its name', async () => {
    const message = 'The file does not say which symbol its bars are of.';
    const { card, field, button, buttons } = await show({
      status: 'refused',
      checked: false,
      understood: {},
      found: [],
      first_bars: [],
      problems: [{ message, remedy: 'Name it.', field: 'symbol', line: null, code: 'x' }],
    });
    expect(buttons()).not.toContain('Import');
    expect(card.querySelector('[role=alert]')?.textContent).toContain('Name it.');
    expect(field('Symbol').getAttribute('aria-invalid')).toBe('true');
    button('Use AAPL, as the file is called')!.click();
    const call = await asked('PUT', '/market/imports/import-1');
    expect((call.request.body as { symbol: string }).symbol).toBe('AAPL');
  });

  it('says once it is imported what is stored, and where to see it', async () => {
    const { card, buttons } = await show({ status: 'done', bars: 525_600, symbols: ['BTC/USDT'] });
    expect(card.textContent).toContain('525,600 bars of BTC/USDT');
    expect(card.querySelector('a')?.getAttribute('href')).toBe('/symbols/BTC%2FUSDT');
    expect(buttons()).toContain('Undo');
    expect(card.querySelector('k-import-facts')).toBeNull();
  });

  it('lets an import that failed be tried again as it was', async () => {
    const said = { ...previewOf().said, symbol: 'MSFT' };
    const problem = {
      message: 'Too much.',
      remedy: 'Split it.',
      field: null,
      line: null,
      code: 'x',
    };
    const { card, button } = await show({ status: 'failed', said, problems: [problem] });
    expect(card.textContent).toContain('Split it.');
    button('Try again')!.click();
    expect((await asked('PUT', '/market/imports/import-1')).request.body).toEqual(said);
  });
});

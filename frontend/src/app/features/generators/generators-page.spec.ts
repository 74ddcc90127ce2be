import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { GeneratorOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { KeptPlaces } from '@core/page/kept-places';
import { SignalTypes } from '@core/signals/signal-types';
import { GeneratorsPage } from './generators-page';

const OVERSOLD: GeneratorOut = {
  id: 'g',
  name: 'Oversold',
  kind: 'expression',
  config: {},
  symbols: ['AAPL', 'MSFT', 'NVDA', 'AMD'],
  timeframe: '1h',
  enabled: true,
  own: true,
  signal_type: 'rsi_reversal',
  unavailable: null,
  created_at: '2026-11-21T12:00:00Z',
  updated_at: '2026-11-21T12:00:00Z',
};
const GOLDEN = { ...OVERSOLD, id: 'p', name: 'Golden cross', own: false };

describe('the page of the generators', () => {
  async function open(left: GeneratorOut[] = []) {
    const kept = left.length ? { query: {}, items: left, cursor: null, pages: 1 } : undefined;
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: KeptPlaces, useValue: { listOf: () => kept, keepList: () => undefined } },
        { provide: SignalTypes, useValue: { nameOf: (type: string) => type } },
      ],
    });
    const fixture = TestBed.createComponent(GeneratorsPage);
    await fixture.whenStable();
    const page = fixture.nativeElement as HTMLElement;
    const settle = () => settled(fixture);
    const answer = async (items: GeneratorOut[]) => {
      (await asked('GET', '/generators')).flush({ items, next_cursor: null });
      await settle();
    };
    const tables = () =>
      [...page.querySelectorAll('table')].map((table) => [
        table.getAttribute('aria-label'),
        ...[...table.querySelectorAll('td.name a')].map((link) => link.textContent),
      ]);
    const errors = () => [...page.querySelectorAll('k-error-state')].map((it) => it.textContent);
    return { page, settle, answer, tables, errors };
  }

  it('has a table of one’s own and one of the platform’s', async () => {
    const { page, answer, tables } = await open();
    expect(page.querySelectorAll('k-skeleton-rows')).toHaveLength(1);
    await answer([GOLDEN, OVERSOLD]);
    expect(tables()).toEqual([
      ['Yours', 'Oversold'],
      ['From the platform', 'Golden cross'],
    ]);
    expect(page.querySelectorAll('mat-slide-toggle')).toHaveLength(1);
    expect(page.querySelector('td.symbols')?.textContent).toContain('AAPL, MSFT, NVDA and 1 more');
  });

  it('offers to make one while there are only those of the platform', async () => {
    const { page, answer, tables } = await open();
    await answer([GOLDEN]);
    expect(page.textContent).toContain('No generators of your own yet');
    expect(tables()).toEqual([['From the platform', 'Golden cross']]);
  });

  it('says once why they could not be read, and reads them again', async () => {
    const { page, settle, answer, tables, errors } = await open();
    refuse(await asked('GET', '/generators'), 'Not just now.');
    await settle();
    expect(errors()).toEqual([expect.stringContaining('Not just now.')]);
    page.querySelector<HTMLElement>('k-error-state button')!.click();
    await answer([GOLDEN, OVERSOLD]);
    expect([tables().length, errors()]).toEqual([2, []]);
  });

  it('says it once also to somebody who comes back to them', async () => {
    const { settle, tables, errors } = await open([GOLDEN, OVERSOLD]);
    expect(tables()).toHaveLength(2);
    refuse(await asked('GET', '/generators'), 'Not just now.');
    await settle();
    expect(errors()).toHaveLength(1);
  });

  it('shows at once that one was switched off', async () => {
    const { page, settle, answer } = await open();
    await answer([OVERSOLD]);
    const toggle = page.querySelector<HTMLButtonElement>('[role=switch]')!;
    toggle.click();
    const call = await asked('PUT', '/generators/g');
    expect(call.request.body).toMatchObject({ name: 'Oversold', enabled: false });
    call.flush({ ...OVERSOLD, enabled: false });
    await settle();
    expect(toggle.getAttribute('aria-checked')).toBe('false');
  });

  it('puts a switch back that could not be saved, and says so over the page', async () => {
    const { page, settle, answer } = await open();
    await answer([OVERSOLD]);
    const toggle = page.querySelector<HTMLButtonElement>('[role=switch]')!;
    toggle.click();
    refuse(await asked('PUT', '/generators/g'), 'Not just now.');
    await settle();
    expect(toggle.getAttribute('aria-checked')).toBe('true');
    expect(document.body.textContent).toContain('Oversold was not switched off. Not just now.');
  });
});

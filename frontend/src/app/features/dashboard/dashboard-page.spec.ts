import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { asked, nothingAsked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { SystemInfoStore } from '@core/system/system-info';
import { DashboardPage } from './dashboard-page';

const SWING = {
  slug: 'swing',
  name: 'Swing',
  description: 'Buys dips',
  symbol_hint: 'AAPL',
  graph: { nodes: [], edges: [], notes: [] },
};

describe('home', () => {
  async function open() {
    TestBed.configureTestingModule({
      providers: [
        provideFakeApi(),
        provideRouter([]),
        { provide: AgentCatalogue, useValue: { byType: () => new Map() } },
        { provide: SystemInfoStore, useValue: { value: () => null } },
        { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
      ],
    });
    const went = vi.spyOn(TestBed.inject(Router), 'navigate').mockResolvedValue(true);
    const fixture = TestBed.createComponent(DashboardPage);
    const none = { items: [], next_cursor: null };
    (await asked('GET', '/templates')).flush({ items: [SWING] });
    for (const path of ['/pipelines', '/executions', '/watchlist'])
      (await asked('GET', path)).flush(none);
    await settled(fixture);
    const page = fixture.nativeElement as HTMLElement;
    const card = page.querySelector<HTMLButtonElement>('button.start')!;
    return { page, card, went, settle: () => settled(fixture) };
  }

  it('makes one pipeline of a template that is clicked twice', async () => {
    const { card, went, settle } = await open();
    card.click();
    card.click();
    (await asked('POST', '/pipelines')).flush({ id: 'p' });
    nothingAsked();
    await settle();
    expect(went.mock.calls).toEqual([[['/pipelines', 'p'], { queryParams: { symbol: 'AAPL' } }]]);
  });

  it('says why nothing was made', async () => {
    const { page, card, went, settle } = await open();
    card.click();
    refuse(await asked('POST', '/pipelines'), 'You have as many as your plan allows.');
    await settle();
    expect(page.querySelector('k-error-state')?.textContent).toContain('as your plan allows');
    expect(went).not.toHaveBeenCalled();
  });
});

import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { WatchListOut } from '@core/api';
import { asked, provideFakeApi, refuse, settled } from '@core/http/testing';
import { FakeQuoteSocket, quoteOf } from '@core/market/testing';
import { LiveSocket } from '@core/socket/live-socket';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { WatchListCard } from './watch-list-card';

const QUOTE = {
  symbol: 'NVDA',
  price: '278.02000000',
  bid: null,
  ask: null,
  volume: null,
  source: 'simulated',
  simulated: true,
  quoted_at: '2026-11-30T14:41:56Z',
  stale: true,
  previous_close: '283.26',
  change_percent: -1.8499,
} as const;

function listOf(...symbols: string[]): WatchListOut {
  const items = symbols.map((symbol, position) => ({
    symbol,
    name: symbol === 'AAPL' ? 'Apple' : symbol,
    position,
    created_at: '2026-11-30T14:41:56Z',
    quote: symbol === 'NVDA' ? QUOTE : null,
  }));
  return { items, next_cursor: null, limit: 100 };
}

async function make(list: WatchListOut) {
  const socket = new FakeQuoteSocket();
  TestBed.configureTestingModule({
    providers: [
      ...provideFakeApi(),
      provideRouter([]),
      { provide: LiveSocket, useValue: socket },
      { provide: SYMBOL_SEARCH, useValue: () => Promise.resolve([]) },
    ],
  });
  const card = TestBed.createComponent(WatchListCard);
  card.detectChanges();
  (await asked('GET', '/market/watchlist')).flush(list);
  await settled(card);
  return { card, page: card.nativeElement as HTMLElement, socket };
}

describe('the watch list on Home', () => {
  it('shows price and change, leads to the symbol, and says what is stale, simulated or not quoted', async () => {
    const { page } = await make(listOf('NVDA', 'AAPL'));
    const rows = [...page.querySelectorAll('li')].map((row) =>
      row.textContent?.replace(/\s+/g, ' '),
    );
    expect(rows[0]).toContain('278.02');
    expect(rows[0]).toMatch(/▼ -1.8%/);
    expect(rows[0]).toContain('stale');
    expect(rows[1]).toContain('Not quoted');
    expect(page.querySelector('a')?.getAttribute('href')).toBe('/symbols/NVDA');
    expect(page.textContent).toContain('Prices are simulated');
  });

  it('shows each price as it is pushed, with its change since the close before', async () => {
    const { card, page, socket } = await make(listOf('NVDA', 'AAPL'));
    expect(socket.watched()).toEqual(['AAPL', 'NVDA']);
    socket.push({ ...quoteOf('NVDA', '297.423'), quoted_at: '2026-11-30T14:41:57Z' });
    socket.push(quoteOf('AAPL', '190.5'));
    await settled(card);
    const rows = [...page.querySelectorAll('li')].map((row) => row.textContent ?? '');
    expect(rows[0]).toContain('297.42');
    expect(rows[0]).toMatch(/▲ \+?5.0%/);
    expect(rows[0]).not.toContain('stale');
    expect(rows[1]).toContain('190.5');
    card.destroy();
    expect(socket.watched()).toEqual([]);
  });

  it('says what it is for while it is empty', async () => {
    const { page } = await make(listOf());
    expect(page.textContent).toContain('Symbols you add here show their price as it moves');
  });

  it('adds what was typed and empties the field', async () => {
    const { card, page } = await make(listOf());
    const box = page.querySelector('input')!;
    box.value = 'nvda';
    box.dispatchEvent(new Event('input'));
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    (await asked('PUT', '/market/watchlist/NVDA')).flush(listOf('NVDA').items[0]!);
    (await asked('GET', '/market/watchlist')).flush(listOf('NVDA'));
    await settled(card);
    expect(page.querySelectorAll('li')).toHaveLength(1);
    expect(box.value).toBe('');
  });

  it('shows why a symbol was not added', async () => {
    const { card, page } = await make(listOf());
    const box = page.querySelector('input')!;
    box.value = 'zzzz';
    box.dispatchEvent(new Event('input'));
    box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
    refuse(await asked('PUT', '/market/watchlist/ZZZZ'), 'There are no prices for ZZZZ.');
    (await asked('GET', '/market/watchlist')).flush(listOf());
    await settled(card);
    expect(page.querySelector('[role=alert]')?.textContent).toContain('no prices for ZZZZ');
  });

  it('takes a symbol off', async () => {
    const { card, page } = await make(listOf('NVDA', 'AAPL'));
    page.querySelector<HTMLButtonElement>('[aria-label^="Remove NVDA"]')!.click();
    (await asked('DELETE', '/market/watchlist/NVDA')).flush(null);
    (await asked('GET', '/market/watchlist')).flush(listOf('AAPL'));
    await settled(card);
    expect(page.textContent).not.toContain('NVDA');
  });
});

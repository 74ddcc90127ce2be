import { TestBed } from '@angular/core/testing';
import { asked, provideFakeApi, settled } from '@core/http/testing';
import { FakeQuoteSocket, quoteOf, SIMULATED_SPAN, symbolOf } from '@core/market/testing';
import { LiveSocket } from '@core/socket/live-socket';
import { SymbolQuote } from './symbol-quote';

async function make(items: object[]) {
  const socket = new FakeQuoteSocket();
  TestBed.configureTestingModule({
    providers: [...provideFakeApi(), { provide: LiveSocket, useValue: socket }],
  });
  const quote = TestBed.createComponent(SymbolQuote);
  quote.componentRef.setInput('instrument', symbolOf(SIMULATED_SPAN));
  quote.detectChanges();
  (await asked('GET', '/market/quotes')).flush({ items, next_cursor: null });
  await settled(quote);
  const text = () => (quote.nativeElement as HTMLElement).textContent ?? '';
  return { quote, text, socket };
}

describe('the quote of a symbol', () => {
  const read = { ...quoteOf('AAPL', '100', 10), previous_close: '80', change_percent: 25 };

  it('moves as it is pushed', async () => {
    const { quote, text, socket } = await make([read]);
    expect(text()).toContain('100');
    socket.push(quoteOf('AAPL', '120', 11));
    await settled(quote);
    expect(text()).toContain('120');
    expect(text()).toMatch(/50.0%/);
    quote.destroy();
    expect(socket.watched()).toEqual([]);
  });

  it('appears when the first one is pushed, and says that it has become stale', async () => {
    const { quote, text, socket } = await make([]);
    expect(text()).toContain('Not quoted yet.');
    socket.push(quoteOf('AAPL', '120', 11));
    await settled(quote);
    expect(text()).toContain('120');
    expect(text()).not.toContain('Stale');
    socket.push({ ...quoteOf('AAPL', '120', 11), stale: true });
    await settled(quote);
    expect(text()).toContain('Stale');
  });
});

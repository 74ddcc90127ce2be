import { Component, inject, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import type { QuoteData, QuoteOut } from '@core/api';
import { LiveSocket, type SocketState } from '@core/socket/live-socket';
import { LiveQuotes, upToDate } from './live-quotes';
import { FakeQuoteSocket, quoteOf } from './testing';

const symbols = signal<readonly string[]>([]);
let reads = 0;
let own = false;

@Component({ selector: 'k-following', template: '' })
class Following {
  readonly quotes = inject(LiveQuotes);

  constructor() {
    this.quotes.followAll(symbols);
    this.quotes.readMeanwhile(
      async () => void (reads += 1),
      () => own,
    );
  }
}

describe('LiveQuotes', () => {
  let socket: FakeQuoteSocket;
  let quotes: LiveQuotes;

  beforeEach(() => {
    vi.useFakeTimers();
    symbols.set([]);
    [reads, own] = [0, false];
    socket = new FakeQuoteSocket();
    TestBed.configureTestingModule({ providers: [{ provide: LiveSocket, useValue: socket }] });
    quotes = TestBed.inject(LiveQuotes);
  });
  afterEach(() => vi.useRealTimers());

  it('gives the newest quote of each symbol', () => {
    quotes.follow('NVDA');
    quotes.follow('AMD');
    expect(quotes.newest('NVDA')).toBeNull();
    socket.push(quoteOf('NVDA', '100'));
    socket.push(quoteOf('NVDA', '101'));
    socket.push(quoteOf('AMD', '50'));
    expect([quotes.newest('NVDA')?.price, quotes.newest('AMD')?.price]).toEqual(['101', '50']);
  });

  it('follows a symbol once, until the last owner has stopped, and forgets it then', () => {
    const [one, other] = [quotes.follow('NVDA'), quotes.follow('NVDA')];
    expect(socket.watched()).toEqual(['NVDA']);
    socket.push(quoteOf('NVDA', '100'));
    one();
    one();
    expect(socket.watched()).toEqual(['NVDA']);
    expect(quotes.newest('NVDA')?.price).toBe('100');
    other();
    expect(socket.watched()).toEqual([]);
    expect(quotes.newest('NVDA')).toBeNull();
    quotes.follow('NVDA');
    expect(socket.watched()).toEqual(['NVDA']);
  });

  it('follows what an owner shows, and nothing once the owner is gone', () => {
    const owner = TestBed.createComponent(Following);
    symbols.set(['NVDA', 'AMD']);
    TestBed.tick();
    expect(socket.watched()).toEqual(['AMD', 'NVDA']);
    symbols.set(['AMD', 'AAPL']);
    TestBed.tick();
    expect(socket.watched()).toEqual(['AAPL', 'AMD']);
    expect(socket.begun).toBe(3);
    owner.destroy();
    expect(socket.watched()).toEqual([]);
  });

  it.each<[SocketState, boolean, number]>([
    ['closed', false, 20],
    ['connecting', false, 20],
    ['ready', false, 1],
    ['ready', true, 20],
  ])(
    'while the socket is %s (own quotes: %s) reads %d times a minute',
    async (state, sent, most) => {
      socket.current.set(state);
      own = sent;
      TestBed.createComponent(Following);
      await vi.advanceTimersByTimeAsync(60_500);
      expect(reads).toBeGreaterThanOrEqual(most === 1 ? 1 : 18);
      expect(reads).toBeLessThanOrEqual(most === 1 ? 2 : 20);
    },
  );
});

describe('a quote that was read', () => {
  const read: QuoteOut = {
    ...quoteOf('NVDA', '100', 10),
    volume: '5',
    previous_close: '80',
    change_percent: 25,
  };
  const pushed = (price: string, second: number, more: Partial<QuoteData> = {}) => ({
    ...quoteOf('NVDA', price, second),
    ...more,
  });

  it('is brought up to date, with its change since the same close', () => {
    const now = upToDate(read, pushed('120', 11));
    expect(now).toMatchObject({ price: '120', previous_close: '80', volume: '5' });
    expect(now?.change_percent).toBeCloseTo(50);
  });

  it('stays when what was pushed is older, or nothing was', () => {
    expect(upToDate(read, pushed('90', 9))).toBe(read);
    expect(upToDate(read, null)).toBe(read);
    expect(upToDate(null, null)).toBeNull();
  });

  it('learns that it has become stale', () => {
    expect(upToDate(read, pushed('100', 10, { stale: true }))?.stale).toBe(true);
  });

  it('of another source, or never, gives no close to count from', () => {
    for (const before of [null, { ...read, source: 'alpaca' } as QuoteOut]) {
      const now = upToDate(before, pushed('120', 11));
      expect(now).toMatchObject({ price: '120', previous_close: null, change_percent: null });
    }
  });
});

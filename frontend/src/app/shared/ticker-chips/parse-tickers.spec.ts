import { parseTickers, withTickers } from './parse-tickers';

describe('parseTickers', () => {
  it('reads lines, commas, quotes and dollar signs', () => {
    const { tickers, refused } = parseTickers('aapl, MSFT;"goog"\n$nvda\tBRK.B | BTC/USD');
    expect(tickers).toEqual(['AAPL', 'MSFT', 'GOOG', 'NVDA', 'BRK.B', 'BTC/USD']);
    expect(refused).toEqual([]);
  });

  it('takes indices, futures, pairs and exchanges as vendors write them', () => {
    const written = ['^GSPC', 'ES1!', '/ES', 'EURUSD=X', 'BTC_USDT', 'NASDAQ:NVDA', 'M&M.NS'];
    expect(parseTickers(written.join(' '))).toEqual({ tickers: written, refused: [] });
  });

  it('names each ticker once and says what is none', () => {
    expect(parseTickers('AAPL aapl !bad! –')).toEqual({
      tickers: ['AAPL'],
      refused: ['!bad!', '–'],
    });
  });

  it('finds nothing in nothing', () => {
    expect(parseTickers(' \n ')).toEqual({ tickers: [], refused: [] });
  });
});

describe('withTickers', () => {
  it('keeps the order and adds only what is new', () => {
    expect(withTickers(['B', 'A'], ['A', 'C'])).toEqual(['B', 'A', 'C']);
  });
});

import { symbolInName } from './symbol-in-name';

describe('the symbol in the name of a file', () => {
  it.each([
    ['AAPL.csv', 'AAPL'],
    ['^GSPC.csv', '^GSPC'],
    ['ES=F.csv', 'ES=F'],
    ['SAP half hours.csv', 'SAP'],
    ['BRK-B_daily.csv', 'BRK-B'],
    ['NASDAQ_TVX, 1D.csv', 'TVX'],
    ['BTC_USDT-1h.csv', 'BTCUSDT'],
    ['EURUSD60.csv', 'EURUSD'],
    ['EURUSD1440.csv', 'EURUSD'],
    ['EURUSD_H1_202401020000_202401192100.csv', 'EURUSD'],
    ['IBKR_AAPL_5min.csv', 'AAPL'],
    ['coinbase_BTC-USD_3600.csv', 'BTC-USD'],
    ['daily_IBM.csv', 'IBM'],
    ['Apple Stock Price History.csv', undefined],
    ['prices.csv', undefined],
    ['OHLCV 2024.csv', undefined],
  ])('%s: %s', (name, symbol) => {
    expect(symbolInName(name)).toBe(symbol);
  });
});

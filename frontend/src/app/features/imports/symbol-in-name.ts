const SYMBOL = /^[A-Z^][A-Z0-9.=^-]{0,14}$/;
/** MetaTrader names its files by pair and minutes: EURUSD60. */
const METATRADER = /^([A-Z]{6})(?:1|5|15|30|60|240|1440|10080|43200)$/;
/** Freqtrade and others name them by both sides of a pair: BTC_USDT-1h. */
const TWO_SIDES = /^([A-Z0-9]{2,10})_([A-Z]{3,5})(?![A-Za-z])/;
/** TradingView names them by exchange and ticker: NASDAQ_AAPL, 1D. */
const TRADINGVIEW = /^[A-Z0-9]{2,12}_([A-Z0-9.!]{1,20}), /;
/** Words in capitals that are the name of who wrote the file, or of what is in it. */
const OTHERS = new Set([
  ...['BINANCE', 'BYBIT', 'COINBASE', 'IB', 'IBKR', 'KRAKEN', 'MT4', 'MT5', 'NASDAQ', 'NYSE'],
  ...['STOOQ', 'TIINGO', 'TRADINGVIEW', 'YAHOO', 'CSV', 'OHLC', 'OHLCV', 'HLOCV', 'UTC', 'GMT'],
  ...['USD', 'EUR', 'USDT', 'D1', 'H1', 'H4', 'M1', 'M5', 'M15', 'M30', 'W1', 'MN1'],
]);
const QUOTES = ['USD', 'USDT', 'USDC', 'EUR', 'GBP', 'BTC', 'ETH', 'JPY', 'CHF'];

/** The symbol that a file may hold by its name, for a person to agree to. */
export function symbolInName(filename: string): string | undefined {
  const name = filename.replace(/\.[a-z]+$/i, '');
  const ticker = TRADINGVIEW.exec(name)?.[1];
  if (ticker) return ticker;
  const [, base, quote = ''] = TWO_SIDES.exec(name) ?? [];
  if (base && QUOTES.includes(quote)) return base + quote;
  const words = name.split(/[_ ,()]|-(?=[a-z])/);
  const word = words.find((one) => SYMBOL.test(one) && !OTHERS.has(one));
  return METATRADER.exec(word ?? '')?.[1] ?? word;
}

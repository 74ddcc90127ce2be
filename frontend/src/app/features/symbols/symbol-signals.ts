import type { SignalOut } from '@core/api';
import type { ChartMark } from '@shared/price-chart/chart-types';

type Said = SignalOut['tickers'][number];

const SIDES: Readonly<Record<Said['signal'], ChartMark['side']>> = {
  BULLISH: 'buy',
  BEARISH: 'sell',
  NEUTRAL: 'neither',
  FLAT: 'neither',
};

/** What a signal says of one symbol, undefined where it does not name it. */
export function saidOf(signal: SignalOut, symbol: string): Said | undefined {
  return signal.tickers.find(({ ticker }) => ticker === symbol);
}

/** A mark on the chart for each signal, at the time at which it happened. */
export function marksOf(
  signals: readonly SignalOut[],
  symbol: string,
  nameOf: (type: string) => string,
): ChartMark[] {
  return signals.flatMap((signal) => {
    const said = saidOf(signal, symbol);
    if (!said) return [];
    const sure = Number(said.confidence.toFixed(1));
    const label = `${nameOf(signal.signal_type)}: ${said.signal.toLowerCase()}, confidence ${sure}`;
    return [{ time: signal.occurred_at, label, side: SIDES[said.signal], quiet: true }];
  });
}

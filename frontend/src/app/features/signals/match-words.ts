import type { MatchOut } from '@core/api';

/** Why a signal did or did not start a run of one pipeline, as one sentence. */
export function matchInWords(match: MatchOut): string {
  const { symbol, confidence, threshold, reason, detail } = match;
  if (match.outcome === 'started') {
    return `Started a run on ${symbol}: confidence ${figure(confidence)} meets your threshold of ${figure(threshold)}.`;
  }
  switch (reason) {
    case 'below_threshold':
      return `Confidence ${figure(confidence)} is below your threshold of ${figure(threshold)}.`;
    case 'already_running':
      return `It was still running on ${symbol}, so no second run started.`;
    case 'queue_full':
      return `As many of your runs were waiting as may be, so none started on ${symbol}.`;
    case 'tier':
      return 'Your tier does not include signals of this type.';
    default:
      return detail || (reason && BARE[reason]?.(symbol)) || 'It was skipped.';
  }
}

/** For when the server gives a reason without its particulars. */
const BARE: Readonly<Record<string, (symbol: string) => string>> = {
  budget: () => 'Your budget was used up.',
  trading_stopped: () => 'Trading was stopped by a switch.',
  market_closed: (symbol) => `The market of ${symbol} was closed.`,
  unknown_symbol: (symbol) => `There are no prices for ${symbol}.`,
  market_unavailable: (symbol) => `There were no prices to be had for ${symbol}.`,
  not_active: () => 'The pipeline was switched off in that moment.',
  not_runnable: () => 'The pipeline was not active then.',
};

function figure(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** How a pipeline trades. */
export type TradingMode = 'live' | 'paper' | 'simulation' | 'validation';

export const MODE_LABELS: Readonly<Record<TradingMode, string>> = {
  live: 'Live',
  paper: 'Paper',
  simulation: 'Simulation',
  validation: 'Validation',
};

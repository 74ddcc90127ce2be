/** Chart colours as the canvas needs them: resolved values, no variables. */
export interface Palette {
  readonly text: string;
  readonly grid: string;
  readonly up: string;
  readonly down: string;
  readonly paleUp: string;
  readonly paleDown: string;
  readonly entry: string;
  readonly stop: string;
  readonly target: string;
}

export const LIGHT_PALETTE: Palette = {
  text: '#545c69',
  grid: '#eceff3',
  up: '#1b8a5a',
  down: '#c9443b',
  paleUp: '#b9dccb',
  paleDown: '#efc5c1',
  entry: '#2a55cc',
  stop: '#b3261e',
  target: '#0f6b39',
};

export const DARK_PALETTE: Palette = {
  text: '#a9b2bf',
  grid: '#262c35',
  up: '#3fb27f',
  down: '#e0675d',
  paleUp: '#27463a',
  paleDown: '#55312f',
  entry: '#7c9cf5',
  stop: '#f08a80',
  target: '#63d393',
};

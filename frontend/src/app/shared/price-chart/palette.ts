/** Chart colours as the canvas needs them: resolved values, no variables. */
export interface Palette {
  readonly text: string;
  readonly grid: string;
  readonly up: string;
  readonly down: string;
  readonly paleUp: string;
  readonly paleDown: string;
  readonly volumeUp: string;
  readonly volumeDown: string;
  readonly entry: string;
  readonly stop: string;
  readonly target: string;
  /** Of indicators, in the order in which they were chosen. */
  readonly studies: readonly string[];
}

export const LIGHT_PALETTE: Palette = {
  text: '#545c69',
  grid: '#eceff3',
  up: '#1b8a5a',
  down: '#c9443b',
  paleUp: '#b9dccb',
  paleDown: '#efc5c1',
  volumeUp: '#cfe6db',
  volumeDown: '#f3d6d3',
  entry: '#2a55cc',
  stop: '#b3261e',
  target: '#0f6b39',
  studies: ['#2a55cc', '#a34d00', '#7a3fb5', '#00718a', '#9c2d6b', '#5b6200', '#545c69'],
};

export const DARK_PALETTE: Palette = {
  text: '#a9b2bf',
  grid: '#262c35',
  up: '#3fb27f',
  down: '#e0675d',
  paleUp: '#27463a',
  paleDown: '#55312f',
  volumeUp: '#22392f',
  volumeDown: '#432a29',
  entry: '#7c9cf5',
  stop: '#f08a80',
  target: '#63d393',
  studies: ['#8cabff', '#f1b659', '#c9a3f5', '#5ec9dd', '#f29ac6', '#c3cc62', '#a9b2bf'],
};

/** The colour of the indicator that was chosen as number `index`. */
export function studyColour(palette: Palette, index: number): string {
  return palette.studies[index % palette.studies.length] ?? palette.text;
}

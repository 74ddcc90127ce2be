import type { StudyValues } from './chart-types';
import { linePoints, studyName } from './studies';

const TIMES = ['a', 'b', 'c', 'd', 'e'];

function values(...found: (number | null)[]): StudyValues {
  return {
    study: { name: 'rsi', period: 14 },
    lines: ['rsi'],
    pane: 'own',
    values: new Map(found.map((value, at) => [TIMES[at]!, [value]])),
  };
}

describe('the line of an indicator', () => {
  it('begins where the formula has its first answer', () => {
    expect(linePoints(values(null, null, 1, 2, 3), 0, TIMES)).toEqual([
      { index: 2, value: 1, hole: false },
      { index: 3, value: 2, hole: false },
      { index: 4, value: 3, hole: false },
    ]);
  });

  it('has a hole where there is no answer, and no line across it', () => {
    const points = linePoints(values(1, 2, null, 4, 5), 0, TIMES);
    expect(points.map(({ index, hole }) => [index, hole])).toEqual([
      [0, false],
      [1, true],
      [3, false],
      [4, false],
    ]);
  });

  it('ends where later bars have none, and never goes to an extreme', () => {
    const points = linePoints(values(1, Infinity, NaN), 0, TIMES);
    expect(points.map(({ value }) => value)).toEqual([1]);
  });

  it('goes by its name and period', () => {
    expect(studyName({ name: 'sma', period: 200 })).toBe('SMA 200');
  });
});

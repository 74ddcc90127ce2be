import type { StudyKind, StudyValues } from './chart-types';
import { drawnStudy, linePoints, offeredStudies, studyKey, studyName } from './studies';
import { STUDY_KINDS } from './testing';

const TIMES = ['a', 'b', 'c', 'd', 'e'];

function values(...found: (number | null)[]): StudyValues {
  return {
    study: { name: 'rsi', settings: { period: 14 } },
    label: 'RSI 14',
    scale: null,
    levels: [],
    digits: 1,
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
});

describe('an indicator', () => {
  const [sma, rsi, balance] = STUDY_KINDS as [StudyKind, StudyKind, StudyKind];
  const bands: StudyKind = {
    ...sma,
    title: 'Bands',
    settings_schema: { properties: { period: { default: 20 }, width: { default: 2 } } },
  };

  it('is offered with each of its presets', () => {
    const offered = offeredStudies(STUDY_KINDS);
    expect(offered.map(({ name }) => name)).toEqual(['sma', 'sma', 'rsi', 'balance']);
    expect(offered[1]).toEqual({ name: 'sma', settings: { period: 50 } });
  });

  it('goes by its title, its first setting and those that are not as usual', () => {
    expect(studyName({ name: 'sma', settings: { period: 200 } }, sma)).toBe('SMA 200');
    expect(studyName({ name: 'sma', settings: {} }, sma)).toBe('SMA 50');
    expect(studyName({ name: 'x', settings: { period: 20, width: 2 } }, bands)).toBe('Bands 20');
    expect(studyName({ name: 'x', settings: { width: 3 } }, bands)).toBe('Bands 20 3');
    expect(studyName({ name: 'balance', settings: {} }, balance)).toBe('Balance');
    expect(studyName({ name: 'gone', settings: {} }, undefined)).toBe('gone');
  });

  it('is the same in whatever order its settings stand', () => {
    const [one, other] = [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ];
    expect(studyKey({ name: 'x', settings: one })).toBe(studyKey({ name: 'x', settings: other }));
  });

  it('has as many places as tell its values apart, and the scale that it asks for', () => {
    const drawn = (kind: StudyKind, ...found: (number | null)[]) =>
      drawnStudy({ name: kind.name, settings: {} }, kind, values(...found));
    expect(drawn(rsi, 61.27, null).digits).toBe(1);
    expect(drawn(balance, 123_456, -2_000_000).digits).toBe(0);
    expect(drawn(balance, 2.5, null).digits).toBe(2);
    expect(drawn(balance, 0.0012).digits).toBe(5);
    expect(drawn(balance, null).digits).toBe(1);
    expect(drawn(rsi).scale).toEqual({ lowest: 0, highest: 100 });
    expect(drawn(balance).scale).toBeNull();
  });
});

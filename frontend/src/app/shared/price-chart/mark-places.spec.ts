import type { ChartBar, ChartMark } from './chart-types';
import { markPlaces } from './mark-places';

const bars = ['2013-02-27', '2013-02-28', '2013-03-01'].map(
  (day): ChartBar => ({
    time: `${day}T14:30:00Z`,
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: 1,
  }),
);
const at = (time: string): ChartMark => ({ time, label: time, side: 'neither' });
const placesOf = (...times: string[]) => [...markPlaces(times.map(at), bars).keys()];

describe('marks on a chart', () => {
  it('stand at the bar that they fall into', () => {
    expect(placesOf('2013-02-27T14:30:00Z', '2013-02-28T20:00:00Z')).toEqual([0, 1]);
    expect(placesOf('2013-03-01T21:00:00Z')).toEqual([2]);
  });

  it('are left out before the first bar and long after the last', () => {
    expect(placesOf('2013-02-26T20:00:00Z', '2026-11-30T20:00:00Z')).toEqual([]);
    expect(markPlaces([at('2013-02-27T15:00:00Z')], []).size).toBe(0);
  });

  it('share a bar', () => {
    const places = markPlaces([at('2013-02-27T15:00:00Z'), at('2013-02-27T16:00:00Z')], bars);
    expect(places.get(0)).toHaveLength(2);
  });
});

import { chartOptions } from './chart-view';
import { LIGHT_PALETTE } from './palette';

describe('a drawn chart', () => {
  it('leaves out a price at its edge rather than cutting it in half', () => {
    expect(chartOptions(LIGHT_PALETTE).rightPriceScale.entireTextOnly).toBe(true);
  });
});

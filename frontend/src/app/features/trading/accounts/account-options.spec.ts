import { account } from '@core/trading/testing';
import { draftOf, optionFaults, optionsOf } from './account-options';

const options = account().simulation!;

describe('the options of an account', () => {
  it('are shown as per cent and sent as fractions', () => {
    const draft = draftOf(options);
    expect(draft).toMatchObject({ slippage: '0.1', partialFills: '20', rejections: '5', seed: '' });
    expect(optionsOf(draft)).toEqual(options);
  });

  it('are within their bounds', () => {
    const draft = draftOf(options);
    expect(optionFaults(draft)).toEqual({});
    expect(optionFaults({ ...draft, slippage: '11' })).toHaveProperty('slippage');
    expect(optionFaults({ ...draft, rejections: '-1' })).toHaveProperty('rejections');
    expect(optionFaults({ ...draft, startingBalance: 'NaN' })).toHaveProperty('startingBalance');
    expect(optionFaults({ ...draft, seed: '1.5' })).toHaveProperty('seed');
  });
});

import type { InstrumentOut } from '@core/api';
import { changeBetween, draftOf, faultOf } from './instrument-draft';
import { AAPL } from './testing';

const decided = (by: Partial<InstrumentOut['decided_by']>, over: Partial<InstrumentOut> = {}) => ({
  ...AAPL,
  ...over,
  decided_by: { ...AAPL.decided_by, ...by },
});

describe('the draft of an instrument', () => {
  it('has what its user decided, and nothing where the symbol decides', () => {
    expect(Object.values(draftOf(AAPL)).join('')).toBe('');
    const own = decided({ tick: 'user', shortable: 'user' }, { tick: '0.05', shortable: false });
    expect(draftOf(own)).toMatchObject({ tick: '0.05', shortable: 'no', market: '', name: '' });
  });

  it('asks for what differs alone, and for nothing where a field was emptied', () => {
    const before = draftOf(decided({ tick: 'user', market: 'user' }, { tick: '0.05' }));
    const after = { ...before, tick: '', quantity_step: ' 100 ', shortable: 'yes' } as const;
    expect(changeBetween(before, after)).toEqual({
      tick: null,
      quantity_step: '100',
      shortable: true,
    });
    expect(changeBetween(before, before)).toEqual({});
  });

  it('says what is wrong with a step', () => {
    const fault = (tick: string) => faultOf('tick', { ...draftOf(AAPL), tick });
    expect(['', '0.01', '5', '0.00000001'].map(fault)).toEqual([null, null, null, null]);
    for (const wrong of ['0', '-1', '0,01', '1e-3', 'a cent', '0.000000001']) {
      expect(fault(wrong), wrong).toContain('above 0');
    }
  });
});

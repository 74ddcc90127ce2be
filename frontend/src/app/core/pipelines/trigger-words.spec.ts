import { everyInWords, triggerLook } from './trigger-words';

describe('triggerLook', () => {
  it('says how a pipeline starts', () => {
    expect(triggerLook({ kind: 'manual' }).text).toBe('By hand');
    expect(triggerLook({ kind: 'periodic', every_minutes: 15 }).text).toBe('Every 15 min');
    expect(triggerLook({ kind: 'periodic', continuous: true }).text).toBe('Continuously');
    expect(triggerLook({ kind: 'signal' }).text).toBe('On signals');
  });
});

describe('everyInWords', () => {
  it('uses the largest unit that is exact', () => {
    expect([1, 5, 60, 90, 240, 1440].map(everyInWords)).toEqual([
      'Every minute',
      'Every 5 min',
      'Every hour',
      'Every 1 h 30 min',
      'Every 4 h',
      'Every day',
    ]);
  });
});

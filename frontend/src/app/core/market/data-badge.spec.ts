import { dataBadgeOf } from './data-badge';

describe('dataBadgeOf', () => {
  it('names each source in plain words', () => {
    const label = (source: string) => dataBadgeOf({ source, simulated: false })?.label;
    expect(label('sample')).toBe('Sample history');
    expect(label('imported')).toBe('Your import');
    expect(label('alpaca')).toBe('Alpaca');
    expect(label('elsewhere')).toBe('elsewhere');
  });

  it('says simulated whatever the source is called', () => {
    expect(dataBadgeOf({ source: 'sample', simulated: true })?.label).toBe('Simulated data');
  });

  it('says nothing while the source is not known', () => {
    expect(dataBadgeOf(null)).toBeNull();
  });
});

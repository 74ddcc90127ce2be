import { DESTINATIONS, isAt } from './nav';

describe('the main navigation', () => {
  const at = (path: string) =>
    DESTINATIONS.filter((item) => isAt(item, path)).map(({ label }) => label);

  it('has one entry for every page about prices', () => {
    for (const path of ['/instruments', '/import', '/symbols/AAPL'])
      expect(at(path)).toEqual(['Market']);
  });

  it('is nowhere but at home on the first page', () => {
    expect(at('/')).toEqual(['Home']);
    expect(at('/pipelines/1')).toEqual(['Pipelines']);
    expect(at('/nowhere')).toEqual([]);
  });
});

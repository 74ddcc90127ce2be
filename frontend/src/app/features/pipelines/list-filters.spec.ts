import { readFilters, writeFilters } from './list-filters';

describe('list filters', () => {
  it('ignores what the address bar gets wrong', () => {
    expect(readFilters({ status: 'odd', mode: 'paper', sort: 'x' })).toEqual({
      search: '',
      status: null,
      mode: 'paper',
      sort: '-updated_at',
    });
  });

  it('keeps defaults out of the address bar', () => {
    const filters = readFilters({ search: 'swing' });
    expect(writeFilters(filters)).toEqual({
      search: 'swing',
      status: null,
      mode: null,
      sort: null,
    });
    expect(readFilters({ sort: 'name' }).sort).toBe('name');
  });
});

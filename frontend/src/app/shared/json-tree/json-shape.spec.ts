import { leafText, rowsOf, shapeOf, tableOf } from './json-shape';

describe('json shape', () => {
  it('shows a list of flat objects as a table', () => {
    const checks = [
      { name: 'Risk', passed: true },
      { name: 'Size', passed: false },
    ];
    expect(shapeOf(checks)).toBe('table');
    expect(tableOf(checks)?.columns).toEqual(['name', 'passed']);
  });

  it('branches into objects and keeps plain lists in one line', () => {
    expect(shapeOf({ a: 1 })).toBe('branch');
    expect(shapeOf([1, 2])).toBe('leaf');
    expect(leafText([1, 2])).toBe('1, 2');
  });

  it('makes keys readable', () => {
    expect(rowsOf({ stop_loss: '1' })[0]?.label).toBe('stop loss');
  });
});

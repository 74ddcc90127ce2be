import { diffNodes } from './diff';
import { graphOf, node } from './testing';

describe('what became of the nodes', () => {
  const drawn = { ...node('strategy'), config: { method: 'rsi', length: { days: 3, bars: 4 } } };

  it('is nothing where the database gives the settings back in another order', () => {
    const stored = { ...drawn, config: { length: { bars: 4, days: 3 }, method: 'rsi' } };
    expect(diffNodes(graphOf([stored]), graphOf([drawn])).get('strategy')).toBe('same');
  });

  it('is told of each that was added, removed, or set otherwise', () => {
    const other = { ...drawn, config: { ...drawn.config, method: 'macd' } };
    const changes = diffNodes(graphOf([drawn, node('bias')]), graphOf([other, node('report')]));
    expect(Object.fromEntries(changes)).toEqual({
      strategy: 'changed',
      report: 'added',
      bias: 'removed',
    });
  });
});

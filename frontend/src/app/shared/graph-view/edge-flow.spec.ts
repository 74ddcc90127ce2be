import { edgeFlow } from './edge-flow';

describe('edges of a run', () => {
  it.each([
    ['pending', null, 'pending', 'out', 'idle'],
    ['succeeded', 'out', 'running', 'out', 'flowing'],
    ['succeeded', 'out', 'succeeded', 'out', 'taken'],
    ['succeeded', null, 'succeeded', 'out', 'taken'],
    ['succeeded', 'true', 'skipped', 'false', 'skipped'],
    ['succeeded', 'out', 'succeeded', 'error', 'skipped'],
    ['failed', null, 'running', 'error', 'flowing'],
    ['failed', null, 'pending', 'out', 'skipped'],
  ])('from %s, left by %s, to %s by %s are %s', (status, port, next, by, flow) => {
    expect(edgeFlow({ status, port }, { status: next }, by)).toBe(flow);
  });

  it('are taken by the recorded port only, though both ends did their work', () => {
    const bias = { status: 'succeeded', port: 'bearish' };
    const ports = ['bullish', 'bearish', 'neutral'];
    expect(ports.map((port) => edgeFlow(bias, { status: 'succeeded' }, port))).toEqual([
      'skipped',
      'taken',
      'skipped',
    ]);
  });
});

import { execution, nodeRun } from '@core/runs/testing';
import { timelineOf } from './timeline';

const START = Date.parse('2026-11-21T12:00:00Z');
const at = (ms: number) => new Date(START + ms).toISOString();

describe('timelineOf', () => {
  it('places bars on the clock of the run', () => {
    const nodes = [
      nodeRun({ node_id: 'a', status: 'succeeded', started_at: at(0), finished_at: at(250) }),
      nodeRun({ node_id: 'b', status: 'succeeded', started_at: at(250), finished_at: at(1_000) }),
      nodeRun({ node_id: 'c', status: 'skipped' }),
    ];
    const run = execution({ nodes, finished_at: at(1_000) });
    const { bars, ticks } = timelineOf(run, START + 9_000);
    expect(bars.map(({ left, width }) => [left, width])).toEqual([
      [0, 25],
      [25, 75],
      [null, 0],
    ]);
    expect(ticks.map((tick) => tick.ms)).toEqual([0, 200, 400, 600, 800, 1_000]);
  });

  it('lets the bar of a running node grow to now', () => {
    const nodes = [nodeRun({ node_id: 'a', status: 'running', started_at: at(500) })];
    const [bar] = timelineOf(execution({ nodes }), START + 1_000).bars;
    expect(bar).toMatchObject({ left: 50, width: 50 });
  });
});

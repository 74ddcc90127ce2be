import type { ServiceOut } from '@core/api';
import {
  detailInWords,
  groupServices,
  nameInWords,
  stateInWords,
  summaryInWords,
} from './service-words';

const at = '2026-11-21T12:00:00Z';
const one = (service: string, state: ServiceOut['state'], instance = '1'): ServiceOut => ({
  service,
  instance,
  state,
  started_at: at,
  beat_at: at,
  progress_at: at,
  waiting_for: null,
  detail: {},
});

describe('services', () => {
  it('come in groups, what needs a look first', () => {
    const groups = groupServices([
      one('api', 'running'),
      one('dispatcher', 'running', 'a'),
      one('feed', 'lost'),
      one('dispatcher', 'lost', 'b'),
    ]);
    expect(groups.map((group) => group.service)).toEqual(['feed', 'api', 'dispatcher']);
    expect(groups[2]?.instances).toHaveLength(2);
  });

  it('are each called something, also where one has several instances', () => {
    const groups = groupServices([
      one('market_feed', 'running'),
      one('worker', 'running', 'a'),
      one('worker', 'running', 'b'),
      one('worker', 'stopped', 'c'),
    ]);
    const names = groups.flatMap((group) => group.instances.map((_, i) => nameInWords(group, i)));
    expect(names).toEqual(['Market feed', 'Worker 1', 'Worker 2']);
  });

  it('forget what was stopped once another has taken over', () => {
    const [group] = groupServices([one('feed', 'stopped', 'a'), one('feed', 'running', 'b')]);
    expect(group?.instances.map((item) => item.instance)).toEqual(['b']);
    expect(groupServices([one('feed', 'stopped')])[0]?.instances).toHaveLength(1);
  });

  it('say of themselves what they report', () => {
    expect(detailInWords({ lag_ms: 3, topics: ['a'], without_bars: {} })).toBe(
      'lag ms: 3, topics: ["a"]',
    );
  });

  it('say what they wait for', () => {
    const waiting = one('dispatcher', 'waiting');
    expect(stateInWords({ ...waiting, waiting_for: 'Kafka' })).toBe('Waiting for Kafka');
    expect(stateInWords(one('dispatcher', 'running'))).toBe('Running');
    expect(summaryInWords([waiting])).toBe('Dispatcher needs a look.');
  });

  it('say nothing of themselves to people who are no administrators', () => {
    expect(detailInWords(null)).toBe('');
  });

  it('are summed up in one sentence', () => {
    expect(summaryInWords([])).toBe('No service has reported yet.');
    expect(summaryInWords([one('api', 'running')])).toBe('All services are running.');
    expect(summaryInWords([one('market_feed', 'failing')])).toBe('Market feed needs a look.');
    expect(summaryInWords([one('a', 'lost'), one('b', 'stopped')])).toBe(
      '2 services need a look: A, B.',
    );
  });
});

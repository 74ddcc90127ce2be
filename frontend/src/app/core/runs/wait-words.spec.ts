import { formatClock } from '@shared/format/times';
import { waitInWords } from './wait-words';

const WAKE_AT = '2026-11-21T12:04:00Z';
const NOW = Date.parse('2026-11-21T12:00:00Z');
const AT = formatClock(WAKE_AT, NOW);

describe('waitInWords', () => {
  it.each([
    ['breaker', 'Waits for api.openai.com.', `Waits until ${AT}. Waits for api.openai.com.`],
    ['retry', 'The model is busy (429).', `Tries again at ${AT}. The model is busy (429).`],
    ['trigger', 'The market is closed.', `Looks again at ${AT}. The market is closed.`],
  ] as const)('says until when a run waits, and then for what: %s', (waits_for, outcome, words) => {
    const run = { status: 'waiting', waits_for, wake_at: WAKE_AT, outcome } as const;
    expect(waitInWords(run, NOW)).toBe(words);
  });

  it('says nothing of a run that does not wait', () => {
    const run = { status: 'running', waits_for: null, wake_at: null, outcome: 'x' } as const;
    expect(waitInWords(run, NOW)).toBeNull();
  });
});

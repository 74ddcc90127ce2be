import { matchInWords } from './match-words';
import { match } from './testing';

describe('matchInWords', () => {
  it('says by how much a signal fell short', () => {
    const words = matchInWords(match({ reason: 'below_threshold', confidence: 85, threshold: 90 }));
    expect(words).toBe('Confidence 85 is below your threshold of 90.');
  });

  it('says what was started and on what grounds', () => {
    const started = match({ outcome: 'started', reason: null, confidence: 85.5, threshold: 80 });
    expect(matchInWords(started)).toBe(
      'Started a run on AAPL: confidence 85.5 meets your threshold of 80.',
    );
  });

  it('has a sentence for every reason of the server', () => {
    const reasons = [
      'below_threshold',
      'already_running',
      'queue_full',
      'tier',
      'budget',
      'trading_stopped',
      'market_closed',
      'unknown_symbol',
      'market_unavailable',
      'not_active',
      'not_runnable',
    ] as const;
    const sentences = reasons.map((reason) => matchInWords(match({ reason })));
    expect(new Set(sentences).size).toBe(reasons.length);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('falls back on the server’s words for a reason it does not know', () => {
    const odd = match({ reason: 'odd' as never, detail: 'The moon was full.' });
    expect(matchInWords(odd)).toBe('The moon was full.');
  });

  it('prefers the particulars of the server to a bare reason', () => {
    const detail = 'The market of AAPL was closed at 2026-11-21 12:00 UTC.';
    expect(matchInWords(match({ reason: 'market_closed', detail }))).toBe(detail);
  });
});

import { deletionWords } from './deletion-words';

const history = { runs: 0, orders: 0, fills: 0, open_positions: 0, cost: '0', kept: false };

describe('what is said before a pipeline is deleted', () => {
  it('names the orders and costs that stay', () => {
    const text = deletionWords({ ...history, runs: 30, orders: 12, fills: 14, kept: true }, false);
    expect(text).toContain('It has traded: its 12 orders and its costs stay in your history');
    expect(text).toContain('its 30 runs can still be read');
    expect(text).toContain('cannot be undone');
  });

  it('says what becomes of positions that are open', () => {
    const traded = { ...history, runs: 2, orders: 1, kept: true };
    expect(deletionWords(traded, false)).not.toContain('open');
    expect(deletionWords({ ...traded, open_positions: 1 }, true)).toContain(
      'starts no more. Its open position stays open, with its stop and targets, until one is reached or you close it. It has traded',
    );
    expect(deletionWords({ ...traded, open_positions: 2 }, false)).toMatch(
      /^Its 2 open positions stay open, .* close them\. It has traded/,
    );
  });

  it('speaks of costs alone when nothing was ordered', () => {
    const text = deletionWords({ ...history, runs: 1, cost: '0.5', kept: true }, false);
    expect(text).toContain('It has cost money: its costs stay in your history, and its run can');
    expect(text).not.toContain('order');
  });

  it('says that runs without orders and costs go too', () => {
    expect(deletionWords({ ...history, runs: 1000 }, false)).toContain('its 1,000 runs');
    expect(deletionWords({ ...history, runs: 3 }, false)).toBe(
      'The pipeline, all its versions and its 3 runs are removed. This cannot be undone.',
    );
    expect(deletionWords(history, false)).toBe(
      'The pipeline and all its versions are removed. This cannot be undone.',
    );
  });

  it('says of an active pipeline that it starts no more', () => {
    expect(deletionWords(history, true)).toMatch(/^It is active: it starts no more\. The pipeline/);
    const kept = { ...history, runs: 2, orders: 1, kept: true };
    expect(deletionWords(kept, true)).toMatch(/^It is active: it starts no more\. It has traded/);
  });
});

import { limitView } from './limit-words';

describe('limitView', () => {
  const limit = { name: 'pipelines', limit: 500, used: 12, unit: 'pipelines', sentence: 'Yours.' };

  it('says how much of what there is', () => {
    expect(limitView(limit).words).toBe('12 of 500 pipelines');
    expect(limitView(limit).title).toBe('Pipelines');
  });

  it('counts bytes in megabytes, and a few as one', () => {
    const stored = { ...limit, unit: 'bytes', used: 2048, limit: 3_000_000_000 };
    expect(limitView(stored).words).toBe('1 of 3,000 MB');
  });

  it('tells apart what is plenty, nearly full and full', () => {
    const levels = [399, 400, 500, 600].map((used) => limitView({ ...limit, used }).level);
    expect(levels).toEqual(['plenty', 'near', 'full', 'full']);
  });

  it('never draws a bar beyond its end, also when nothing is allowed', () => {
    expect(limitView({ ...limit, used: 900 }).percent).toBe(100);
    expect(limitView({ ...limit, limit: 0, used: 0 })).toMatchObject({
      percent: 100,
      level: 'full',
    });
  });

  it('shows a limit that it does not know by the name of the server', () => {
    expect(limitView({ ...limit, name: 'new_limit' }).title).toBe('new_limit');
  });
});

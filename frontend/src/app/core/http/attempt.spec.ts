import { Attempt } from './attempt';

describe('an attempt', () => {
  /** Something that takes until it is told to end. */
  function task() {
    let begun = 0;
    let end: () => void = () => undefined;
    const act = () => {
      begun += 1;
      return new Promise<void>((resolve) => (end = resolve));
    };
    return { act, begun: () => begun, end: () => end() };
  }

  it('begins nothing twice while it is under way, though no page was drawn in between', async () => {
    const [attempt, saving] = [new Attempt(), task()];
    const [first, second] = [attempt.make(saving.act), attempt.make(saving.act)];
    expect(await second).toBe(false);
    expect([saving.begun(), attempt.busy()]).toEqual([1, true]);
    saving.end();
    expect(await first).toBe(true);
    expect(attempt.busy()).toBe(false);
    void attempt.make(saving.act);
    expect(saving.begun()).toBe(2);
  });

  it('lets different things go on side by side', async () => {
    const [attempt, a, b] = [new Attempt(), task(), task()];
    const first = attempt.make(a.act, 'clone a');
    void attempt.make(b.act, 'clone b');
    expect([a.begun(), b.begun()]).toEqual([1, 1]);
    a.end();
    await first;
    expect([attempt.doing('clone a'), attempt.doing('clone b'), attempt.busy()]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('keeps why it was refused until the next try, which may go well', async () => {
    const attempt = new Attempt();
    expect(await attempt.make(() => Promise.reject(new Error('No room.')))).toBe(false);
    expect(attempt.problem()?.detail).toBe('No room.');
    expect(await attempt.make(() => Promise.resolve())).toBe(true);
    expect(attempt.problem()).toBeNull();
  });
});

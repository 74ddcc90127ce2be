import { backoffMs } from './backoff';
import { SeenEvents } from './run-event';

describe('SeenEvents', () => {
  it('accepts each sequence once', () => {
    const seen = new SeenEvents(2);
    expect([3, 3, 1, 4].map((sequence) => seen.accept(sequence))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it('resumes before a gap, so that what is missing is sent again', () => {
    const seen = new SeenEvents(0);
    seen.accept(1);
    seen.accept(4);
    expect(seen.resumeAfter).toBe(1);
    seen.accept(2);
    seen.accept(3);
    expect(seen.resumeAfter).toBe(4);
  });
});

describe('backoffMs', () => {
  it('doubles from one second to thirty', () => {
    const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, () => 1));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('spreads over the upper half', () => {
    expect(backoffMs(2, () => 0)).toBe(2_000);
  });
});

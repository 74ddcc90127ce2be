import { ProblemError } from '@core/http/problem-error';
import { RecordReader } from './record-reader';

const problem = (status: number) => new ProblemError({ title: '', status, code: 'x', detail: '' });

describe('RecordReader', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('makes one reading of the requests of one moment', async () => {
    const read = vi.fn().mockResolvedValue(true);
    const reader = new RecordReader(read);
    reader.request();
    reader.request();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('reads again, with growing pauses, while something is missing or it fails', async () => {
    const read = vi
      .fn()
      .mockResolvedValueOnce(false)
      .mockRejectedValueOnce(problem(503))
      .mockResolvedValue(true);
    new RecordReader(read).request();
    await vi.advanceTimersByTimeAsync(400);
    expect(read).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(400);
    expect(read).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(3);
  });

  it('gives up when it is refused', async () => {
    const read = vi.fn().mockRejectedValue(problem(404));
    new RecordReader(read).request();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('reads no more once it is stopped, not even after a reading on its way', async () => {
    const answer = Promise.withResolvers<boolean>();
    const read = vi.fn().mockReturnValue(answer.promise);
    const reader = new RecordReader(read);
    reader.request();
    await vi.advanceTimersByTimeAsync(400);
    reader.stop();
    answer.resolve(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

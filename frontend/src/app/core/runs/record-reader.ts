import { toProblemError } from '@core/http/problem-error';

const FIRST_MS = 400;
const LONGEST_MS = 10_000;

/**
 * Reads a run's record again, a moment after it was asked to: requests of one moment are one
 * reading. While it fails, or leaves events missing, it is repeated with growing pauses; a refusal
 * ends it.
 */
export class RecordReader {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pauseMs = FIRST_MS;
  private round = 0;

  /** `read` resolves to whether nothing is missing now. */
  constructor(private readonly read: () => Promise<boolean>) {}

  request(): void {
    this.timer ??= setTimeout(() => void this.run(), this.pauseMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pauseMs = FIRST_MS;
    this.round += 1;
  }

  private async run(): Promise<void> {
    const round = this.round;
    this.timer = undefined;
    const complete = await this.read().catch((error) => isRefusal(error));
    if (round !== this.round) return;
    this.pauseMs = complete ? FIRST_MS : Math.min(this.pauseMs * 2, LONGEST_MS);
    if (!complete) this.request();
  }
}

function isRefusal(error: unknown): boolean {
  const { status } = toProblemError(error);
  return status >= 400 && status < 500 && status !== 429;
}

import type { EventOut } from '@core/api';

/** Something that happened in a run, told apart by `type`. */
export type RunEvent = EventOut;

export type RunEventHandler = (event: RunEvent) => void;

/** Remembers which events of one run were seen, so that each is delivered once, in any arrival order. */
export class SeenEvents {
  private readonly ahead = new Set<number>();

  /** `after`: everything up to this sequence is known already. */
  constructor(private after: number) {}

  /** The sequence to resume from: everything up to it was seen. */
  get resumeAfter(): number {
    return this.after;
  }

  /** Whether `sequence` is new; from then on it is not. */
  accept(sequence: number): boolean {
    if (sequence <= this.after || this.ahead.has(sequence)) return false;
    this.ahead.add(sequence);
    while (this.ahead.delete(this.after + 1)) this.after += 1;
    return true;
  }
}

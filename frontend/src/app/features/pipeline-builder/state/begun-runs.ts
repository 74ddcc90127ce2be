import { Service } from '@angular/core';

interface BegunRun {
  readonly executionId: string;
  readonly symbol: string | null;
}

/**
 * The last run that each pipeline was given in this tab, so that its editor shows it again to who
 * comes back, whatever became of it meanwhile.
 */
@Service()
export class BegunRuns {
  private readonly byPipeline = new Map<string, BegunRun>();

  keep(pipelineId: string, { executionId, symbol }: BegunRun): void {
    this.byPipeline.set(pipelineId, { executionId, symbol });
  }

  forget(pipelineId: string): void {
    this.byPipeline.delete(pipelineId);
  }

  /** The run's id, or null; with a symbol, only of a run on that. */
  of(pipelineId: string, symbol: string): string | null {
    const run = this.byPipeline.get(pipelineId);
    return run && (!symbol || run.symbol === symbol) ? run.executionId : null;
  }
}

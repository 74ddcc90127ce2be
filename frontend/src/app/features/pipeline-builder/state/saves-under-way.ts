import { Service } from '@angular/core';

/**
 * The saves under way in this tab, whichever editor began them. An editor that is opened waits for
 * those of the one before it, which leave their outcome in what is held.
 */
@Service()
export class SavesUnderWay {
  private readonly byPipeline = new Map<string, Promise<unknown>>();

  /** Takes note of `save`, in place of what it follows. */
  begin(pipelineId: string, save: Promise<unknown>): void {
    const over = save
      .catch(() => undefined)
      .finally(() => {
        if (this.byPipeline.get(pipelineId) === over) this.byPipeline.delete(pipelineId);
      });
    this.byPipeline.set(pipelineId, over);
  }

  /** Resolves once nothing of the pipeline is being saved. */
  async over(pipelineId: string): Promise<void> {
    while (this.byPipeline.has(pipelineId)) await this.byPipeline.get(pipelineId);
  }
}

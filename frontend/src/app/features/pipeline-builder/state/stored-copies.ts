import { inject, Service, signal } from '@angular/core';
import { type PipelineExport, type PipelineOut } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { toApi } from '../domain/graph';
import { Autosave } from './autosave';
import { EditorApi, writable } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { RunSession } from './run-session';

/**
 * Makes copies of the pipeline as it is stored. What is on the screen is saved first: that, and
 * nothing older, is copied. Of one that was deleted elsewhere, what is on the screen is the copy.
 * Each copy is null when there is none, and the page then says why.
 */
@Service({ autoProvided: false })
export class StoredCopies {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly editor = inject(EditorStore);
  private readonly session = inject(RunSession);
  private readonly working = signal(false);

  /** Whether a new pipeline is being made of one that was deleted. */
  readonly savingAsNew = this.working.asReadonly();

  /** The pipeline as a file holds it. */
  export(pipelineId: string): Promise<PipelineExport | null> {
    const shown = () => Promise.resolve(this.shown());
    return this.copy('Not exported', () => this.api.export(pipelineId), shown);
  }

  /** The id of a new pipeline that is the same. */
  async clone(pipelineId: string): Promise<string | null> {
    const anew = () => this.make();
    return (await this.copy('Not cloned', () => this.api.clone(pipelineId), anew))?.id ?? null;
  }

  /** The id of a new pipeline that is what is on the screen, for one that was deleted. */
  async saveAsNew(): Promise<string | null> {
    if (this.working()) return null;
    this.session.refusal.set(null);
    try {
      return (await this.make()).id;
    } catch (error) {
      this.refuse('Not saved as a new pipeline', error);
      return null;
    }
  }

  private async make(): Promise<PipelineOut> {
    this.working.set(true);
    try {
      const made = await this.api.create(this.shown());
      this.autosave.forget();
      return made;
    } finally {
      this.working.set(false);
    }
  }

  /** What is on the screen, as a file holds it. */
  private shown(): PipelineExport {
    return {
      format: 'kuber.pipeline/1',
      name: this.document.name(),
      graph: toApi(this.editor.graph()),
      mode: this.document.facts()?.mode ?? 'simulation',
      trigger: writable(this.document.trigger()),
    };
  }

  private async copy<T>(
    failed: string,
    make: () => Promise<T>,
    ofDeleted: () => Promise<T>,
  ): Promise<T | null> {
    this.session.refusal.set(null);
    const stored = await this.autosave.flush();
    if (!stored && this.autosave.state() !== 'deleted') {
      const missed = this.autosave.state() === 'offline' ? failed : '';
      this.session.refuse(`${failed}: ${this.autosave.unsaved()}`, { missed });
      return null;
    }
    try {
      return await (stored ? this.unlessDeleted(make, ofDeleted) : ofDeleted());
    } catch (error) {
      this.refuse(failed, error);
      return null;
    }
  }

  private refuse(failed: string, error: unknown): void {
    const { detail, outage } = toProblemError(error);
    this.session.refuse(`${failed}. ${detail}`, { missed: outage ? failed : '' });
  }

  private async unlessDeleted<T>(make: () => Promise<T>, ofDeleted: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      if (await this.autosave.noticeDeleted(toProblemError(error))) return ofDeleted();
      throw error;
    }
  }
}

import { computed, inject, Service, signal } from '@angular/core';
import { ProblemError, toProblemError } from '@core/http/problem-error';
import { Autosave } from './autosave';
import { EditorApi } from './editor-api';
import { PipelineDocument } from './pipeline-document';

/** Switches on and off that the pipeline starts by itself. */
@Service({ autoProvided: false })
export class StartSwitch {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly document = inject(PipelineDocument);
  private readonly working = signal(false);
  private readonly refusal = signal<{ of: string; error: ProblemError } | null>(null);

  readonly active = computed(() => this.document.facts()?.status === 'active');
  readonly busy = this.working.asReadonly();
  /** Why the open pipeline was not switched. */
  readonly problem = computed(() => {
    const refusal = this.refusal();
    return refusal && refusal.of === this.document.facts()?.id ? refusal.error : null;
  });

  /**
   * Switches the published version on or off, once what is on the screen is saved. Resolves to
   * whether it was done.
   */
  async turn(on: boolean): Promise<boolean> {
    const facts = this.document.facts();
    if (!facts || this.working()) return false;
    this.working.set(true);
    this.refusal.set(null);
    const refuse = (error: ProblemError) => this.refusal.set({ of: facts.id, error });
    try {
      const done = await this.autosave.change(() =>
        on ? this.api.activate(facts.id) : this.api.deactivate(facts.id),
      );
      if (!done) refuse(notSwitched(on, this.autosave));
      return done;
    } catch (error) {
      const problem = toProblemError(error);
      await this.autosave.noticeDeleted(problem);
      refuse(problem);
      return false;
    } finally {
      this.working.set(false);
    }
  }
}

function notSwitched(on: boolean, autosave: Autosave): ProblemError {
  const title = `Not switched ${on ? 'on' : 'off'}: ${autosave.unsaved()}`;
  const status = autosave.state() === 'offline' ? 0 : -1;
  return new ProblemError({ title, status, code: 'unsaved', detail: '' });
}

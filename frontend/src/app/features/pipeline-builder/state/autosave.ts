import { computed, DestroyRef, effect, inject, Service, signal, untracked } from '@angular/core';
import { type PipelineOut } from '@core/api';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { type PipelineGraph, toApi } from '../domain/graph';
import { sameStart, type Start } from '../domain/trigger';
import { EditorApi, type PipelineChange } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

/**
 * `saved`, `pending` (an edit waits for the pause after typing), `saving`, `offline` (it will be
 * tried again), `conflict` (somebody else saved in between), `refused` (the server said no).
 */
export type SaveState = 'saved' | 'pending' | 'saving' | 'offline' | 'conflict' | 'refused';

interface Content {
  readonly name: string;
  readonly graph: PipelineGraph;
  readonly trigger: Start;
}

export const SAVE_DELAY_MS = 800;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/** Saves every edit after a short pause and never over somebody else's work unless told to. */
@Service({ autoProvided: false })
export class Autosave {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly document = inject(PipelineDocument);
  private readonly saved = signal<Content | null>(null);
  private readonly phase = signal<Exclude<SaveState, 'pending'>>('saved');
  private readonly refusal = signal<ProblemError | null>(null);
  private timer?: ReturnType<typeof setTimeout>;
  private inFlight: Promise<boolean> | null = null;
  private failures = 0;

  readonly dirty = computed(() => {
    const saved = this.saved();
    return (
      saved !== null &&
      (saved.graph !== this.editor.graph() ||
        saved.name !== this.document.name() ||
        !sameStart(saved.trigger, this.document.trigger()))
    );
  });
  readonly state = computed<SaveState>(() => {
    const phase = this.phase();
    return phase === 'saved' && this.dirty() ? 'pending' : phase;
  });
  readonly error = this.refusal.asReadonly();

  constructor() {
    effect(() => {
      this.editor.graph();
      this.document.name();
      this.document.trigger();
      untracked(() => this.noticeEdit());
    });
    const retry = () => this.phase() === 'offline' && void this.flush();
    const warn = (event: BeforeUnloadEvent) => this.dirty() && event.preventDefault();
    window.addEventListener('online', retry);
    window.addEventListener('beforeunload', warn);
    inject(DestroyRef).onDestroy(() => {
      window.removeEventListener('online', retry);
      window.removeEventListener('beforeunload', warn);
      if (this.dirty() && this.phase() !== 'conflict') void this.flush();
      clearTimeout(this.timer);
    });
  }

  /** Takes what is on the screen for what is stored, as right after loading. */
  begin(): void {
    clearTimeout(this.timer);
    this.saved.set(this.content());
    this.phase.set('saved');
    this.refusal.set(null);
    this.failures = 0;
  }

  /** Saves at once what is not saved yet. Resolves to whether everything is stored now. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.inFlight) await this.inFlight;
    if (!this.dirty()) return true;
    if (this.phase() === 'conflict') return false;
    const facts = this.document.facts();
    if (!facts) return false;
    this.inFlight = this.save(facts.id, facts.revision).finally(() => (this.inFlight = null));
    return this.inFlight;
  }

  /** Settles a conflict in favour of what is on this screen: saves it over the newer revision. */
  async keepMine(): Promise<boolean> {
    const facts = this.document.facts();
    if (!facts) return false;
    try {
      const theirs = await this.api.load(facts.id);
      return await this.save(facts.id, theirs.revision);
    } catch (error) {
      this.refusal.set(toProblemError(error));
      return false;
    }
  }

  /** Settles a conflict in favour of what is stored: what is on this screen is dropped. */
  async takeTheirs(): Promise<void> {
    const facts = this.document.facts();
    if (!facts) return;
    try {
      this.document.show(await this.api.load(facts.id));
      this.begin();
    } catch (error) {
      this.refusal.set(toProblemError(error));
    }
  }

  private noticeEdit(): void {
    if (!this.dirty() || this.phase() === 'conflict') return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), SAVE_DELAY_MS);
  }

  private async save(pipelineId: string, revision: number): Promise<boolean> {
    const content = this.content();
    this.phase.set('saving');
    try {
      const answer = await this.api.save(pipelineId, revision, changesOf(content, this.saved()));
      this.succeed(content, answer);
      return !this.dirty();
    } catch (error) {
      this.fail(toProblemError(error));
      return false;
    }
  }

  private succeed(content: Content, answer: PipelineOut): void {
    this.document.adopt(answer);
    this.saved.set(content);
    this.phase.set('saved');
    this.refusal.set(null);
    this.failures = 0;
    this.noticeEdit();
  }

  private fail(error: ProblemError): void {
    this.refusal.set(error);
    if (error.status === 412) {
      this.phase.set('conflict');
    } else if (error.status === 0 || error.status === 429 || error.status >= 500) {
      this.phase.set('offline');
      const wait = Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LONGEST_RETRY_MS);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.flush(), wait);
    } else {
      this.phase.set('refused');
    }
  }

  private content(): Content {
    return {
      name: this.document.name(),
      graph: this.editor.graph(),
      trigger: this.document.trigger(),
    };
  }
}

/** Only what changed, so that renaming does not make a version. */
function changesOf(content: Content, saved: Content | null): PipelineChange {
  return {
    ...(content.name !== saved?.name && { name: content.name }),
    ...(content.graph !== saved?.graph && { graph: toApi(content.graph) }),
    ...(!sameStart(content.trigger, saved?.trigger ?? null) && { trigger: content.trigger }),
  };
}

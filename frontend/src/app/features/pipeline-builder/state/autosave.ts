import { computed, DestroyRef, effect, inject, Service, signal, untracked } from '@angular/core';
import { type PipelineOut } from '@core/api';
import { Session } from '@core/auth/session';
import { ProblemError, toProblemError } from '@core/http/problem-error';
import { sameGraph } from '../domain/graph';
import {
  changesOf,
  type Content,
  contentOf,
  isEdited,
  sameContent,
  storedBeside,
  written,
} from './content';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';
import { PipelineDrafts } from './pipeline-drafts';
import { isUnknown, type Meeting, type SaveState, whyUnsaved } from './save-state';
import { SavesUnderWay } from './saves-under-way';
import { Unanswered } from './unanswered';

export const SAVE_DELAY_MS = 800;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/** Saves every edit after a short pause and never over somebody else's work unless told to. */
@Service({ autoProvided: false })
export class Autosave {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly document = inject(PipelineDocument);
  private readonly drafts = new PipelineDrafts();
  private readonly saves = inject(SavesUnderWay);
  private readonly session = inject(Session);
  private readonly saved = signal<Content | null>(null);
  private readonly phase = signal<Exclude<SaveState, 'pending'>>('saved');
  private readonly refusal = signal<ProblemError | null>(null);
  private timer?: ReturnType<typeof setTimeout>;
  /** The one save under way, and the one that follows it for all who asked meanwhile. */
  private inFlight: Promise<boolean> | null = null;
  private followUp: Promise<boolean> | null = null;
  private failures = 0;
  private openings = 0;
  private readonly unanswered = new Unanswered();
  /** The editor is gone: what is under way comes to its end, and nothing is tried again. */
  private closed = false;
  /** What is not stored is not to be: nothing is sent or held any more. */
  private dropped = false;

  readonly dirty = computed(() => isEdited(this.content(), this.saved()));
  /** Whether anything that was edited is not known to be stored. */
  readonly waits = computed(
    () =>
      this.dirty() ||
      this.phase() === 'saving' ||
      this.phase() === 'offline' ||
      this.phase() === 'deleted' ||
      this.document.held() !== null,
  );
  readonly state = computed<SaveState>(() => {
    const phase = this.phase();
    return phase === 'saved' && this.dirty() ? 'pending' : phase;
  });
  /** Why the server did not take the last change, and what can be done about it. */
  readonly reason = computed(() => whyUnsaved(this.phase(), this.refusal()));

  constructor() {
    effect(() => {
      this.editor.graph();
      this.document.name();
      this.document.trigger();
      untracked(() => this.noticeEdit());
    });
    const retry = () => this.phase() === 'offline' && void this.flush();
    const hold = () => this.hold();
    window.addEventListener('online', retry);
    window.addEventListener('pagehide', hold);
    inject(DestroyRef).onDestroy(() => {
      window.removeEventListener('online', retry);
      window.removeEventListener('pagehide', hold);
      this.close();
    });
  }

  /**
   * Opens a pipeline as it is stored, once nothing of it is being saved any more in this tab. Says
   * whether it is the one that is open now.
   */
  async open(pipelineId: string): Promise<boolean> {
    this.hold();
    const turn = ++this.openings;
    await this.saves.over(pipelineId);
    if (this.closed || turn !== this.openings) return false;
    await this.document.open(pipelineId);
    if (this.closed) return false;
    if (this.document.error()?.status === 404) return this.takeUpLost(pipelineId);
    if (!this.isOpen(pipelineId)) return false;
    this.begin();
    return true;
  }

  /** Takes what is on the screen for what is stored, as right after loading. */
  begin(): void {
    clearTimeout(this.timer);
    this.saved.set(this.content());
    this.calm();
  }

  /** Shows what is held of a pipeline that there is no more: nothing else is left of it. */
  private takeUpLost(pipelineId: string): boolean {
    const draft = this.drafts.read(pipelineId);
    if (!draft) return false;
    this.document.showLost(pipelineId, draft);
    this.begin();
    this.phase.set('deleted');
    return true;
  }

  /**
   * Takes up what could not be saved when the pipeline was open before, and saves it. Says whether
   * there was anything that is not stored already.
   */
  takeUpDraft(): boolean {
    const facts = this.document.facts();
    const draft = facts && this.drafts.read(facts.id);
    if (!draft || this.phase() === 'deleted') return draft !== null;
    const stored = this.content();
    const { sent, graph, ...rest } = draft;
    // The same graph is the same object: a new name alone does not write it over.
    this.document.takeUp({ ...rest, graph: sameGraph(graph, stored.graph) ? stored.graph : graph });
    this.unanswered.begin(sent);
    if (draft.held || !sameContent(stored, this.content())) return true;
    this.unanswered.begin();
    this.drafts.drop(facts.id);
    this.document.takeUp({ ...stored, revision: facts.revision, held: null });
    return false;
  }

  /**
   * Saves at once what is not saved yet, one save at a time, each on the revision that the one
   * before it made. Resolves to whether all that was changed before the call is stored.
   */
  flush(): Promise<boolean> {
    if (this.dropped) return Promise.resolve(false);
    if (this.followUp) return this.followUp;
    if (!this.inFlight) return this.saveNow();
    this.followUp = this.inFlight.then(() => {
      this.followUp = null;
      return this.flush();
    });
    return this.followUp;
  }

  /**
   * Does what makes a new revision in another way, on what is stored and with no save beside it.
   * Resolves to whether all was stored, and so it was done; rejects as `act` does.
   */
  async change(act: () => Promise<PipelineOut>): Promise<boolean> {
    const pipelineId = this.document.facts()?.id;
    do {
      if (!(await this.flush())) return false;
    } while (this.inFlight);
    if (!pipelineId || !this.isOpen(pipelineId)) return false;
    const done = act().then((answer) => {
      this.document.adopt(answer);
      return true;
    });
    void this.follow(
      pipelineId,
      done.catch(() => false),
    );
    return done;
  }

  /** What a flush that failed means to whoever needed it, after a colon. */
  unsaved(): string {
    return `the last change could not be saved. ${this.reason()}`.trim();
  }

  /** Settles a conflict in favour of what is on this screen: saves it over the newer revision. */
  keepMine(): Promise<boolean> {
    const facts = this.document.facts();
    if (!facts) return Promise.resolve(false);
    return this.inFlight ?? this.follow(facts.id, this.overwrite(facts.id));
  }

  /** Settles a conflict in favour of what is stored: what is on this screen is dropped. */
  async takeTheirs(): Promise<void> {
    const facts = this.document.facts();
    if (!facts) return;
    await this.inFlight;
    try {
      const theirs = await this.api.load(facts.id);
      if (!this.isOpen(facts.id)) return;
      this.document.show(theirs);
      this.drafts.drop(facts.id);
      this.begin();
    } catch (error) {
      await this.refuse(toProblemError(error), facts.id);
    }
  }

  /**
   * Meets what is stored by now, which another tab may have changed: it takes the screen when
   * nothing here is unsaved and it `mayShow`; else the two stand against each other as a conflict.
   */
  async meet(mayShow: boolean): Promise<Meeting> {
    const pipelineId = this.document.facts()?.id;
    if (!pipelineId || this.stuck()) return 'conflict';
    let stored: PipelineOut;
    do {
      await this.inFlight;
      try {
        stored = await this.api.load(pipelineId);
      } catch (error) {
        const deleted = await this.noticeDeleted(toProblemError(error), pipelineId);
        return deleted ? 'conflict' : 'unknown';
      }
    } while (this.inFlight);
    if (!this.isOpen(pipelineId) || this.stuck()) return 'conflict';
    return this.compare(stored, mayShow);
  }

  private compare(stored: PipelineOut, mayShow: boolean): Meeting {
    const revision = this.document.facts()?.revision ?? 0;
    if (stored.revision < revision) return 'same';
    const sent = this.unanswered.find(stored);
    const saved = this.saved();
    const known = sent ?? (saved && sameContent(saved, contentOf(stored)) ? saved : null);
    const shown = this.content();
    const same = known ?? (sameContent(shown, contentOf(stored)) ? shown : null);
    if (same) {
      this.succeed(same, stored);
      return 'same';
    }
    if (!mayShow || this.dirty()) {
      this.clash(null);
      return 'conflict';
    }
    this.document.show(stored);
    this.drafts.drop(stored.id);
    this.begin();
    return 'shown';
  }

  private clash(problem: ProblemError | null): void {
    clearTimeout(this.timer);
    this.refusal.set(problem);
    this.phase.set('conflict');
    this.hold();
  }

  /** Holds what is not stored, so that it outlives this page; nothing, once all is. */
  hold(): void {
    const facts = this.document.facts();
    if (!facts || !this.saved() || this.dropped) return;
    if (!this.waits()) return this.drafts.drop(facts.id);
    this.drafts.hold(facts.id, {
      ...written(this.content()),
      revision: facts.revision,
      held: this.document.held(),
      mode: facts.mode,
      sent: this.unanswered.written(),
    });
  }

  /** What is on the screen is stored in another pipeline by now: nothing of this one waits. */
  forget(): void {
    this.begin();
    this.document.held.set(null);
    this.hold();
  }

  /** Gives up what is not stored, for good: nothing of it is sent or held any more. */
  drop(): void {
    this.dropped = true;
    clearTimeout(this.timer);
  }

  /**
   * Ends with what was not tried yet, if anything, and leaves the rest held: the editor that opens
   * the pipeline next waits for that end, and goes on from there.
   */
  private close(): void {
    const untried = this.state() === 'pending' || this.state() === 'saving';
    this.hold();
    this.closed = true;
    clearTimeout(this.timer);
    const facts = this.document.facts();
    if (!facts || !this.session.loggedIn()) return;
    if (untried) this.saves.begin(facts.id, this.flush());
    if (this.phase() === 'deleted') this.drafts.drop(facts.id);
  }

  private saveNow(): Promise<boolean> {
    clearTimeout(this.timer);
    const facts = this.document.facts();
    const over = this.stuck() || (this.closed && this.phase() !== 'saved');
    if (!facts || over) return Promise.resolve(!this.dirty() && this.phase() !== 'deleted');
    if (this.dirty()) return this.follow(facts.id, this.save(facts.id, facts.revision));
    if (this.phase() === 'offline' && this.unanswered.any) {
      return this.follow(facts.id, this.takeBack(facts.id, facts.revision));
    }
    this.rest();
    return Promise.resolve(true);
  }

  /** Nothing waits: what the server did not take was taken back. */
  private rest(): void {
    this.calm();
    this.hold();
  }

  private calm(): void {
    this.phase.set('saved');
    this.refusal.set(null);
    this.failures = 0;
    this.unanswered.begin();
  }

  /** Puts right what was sent and not answered, for it was taken back here and may be stored. */
  private async takeBack(pipelineId: string, revision: number): Promise<boolean> {
    this.phase.set('saving');
    try {
      const stored = await this.api.load(pipelineId);
      if (!this.isOpen(pipelineId)) return false;
      const sent = this.unanswered.find(stored);
      if (sent && stored.revision !== revision) this.succeed(sent, stored);
      else this.rest();
    } catch (error) {
      if (this.isOpen(pipelineId)) this.fail(toProblemError(error));
      return false;
    }
    return this.saveRest();
  }

  /** Saves what was changed meanwhile, on the revision that there is by now. */
  private async saveRest(): Promise<boolean> {
    const facts = this.document.facts();
    return facts && this.dirty() ? this.save(facts.id, facts.revision) : true;
  }

  private async overwrite(pipelineId: string): Promise<boolean> {
    try {
      const theirs = await this.api.load(pipelineId);
      if (!this.isOpen(pipelineId)) return false;
      // All that differs from theirs is sent, also what was not changed here.
      this.saved.set(storedBeside(theirs, this.content().graph));
      if (this.dirty()) return await this.save(pipelineId, theirs.revision);
      this.document.adopt(theirs);
      this.rest();
      return true;
    } catch (error) {
      await this.refuse(toProblemError(error), pipelineId);
      return false;
    }
  }

  private async refuse(problem: ProblemError, pipelineId: string): Promise<void> {
    if (!(await this.noticeDeleted(problem, pipelineId)) && this.isOpen(pipelineId))
      this.refusal.set(problem);
  }

  /** Lets no other save begin before this one is over. */
  private follow(pipelineId: string, save: Promise<boolean>): Promise<boolean> {
    this.inFlight = save.finally(() => (this.inFlight = null));
    this.saves.begin(pipelineId, this.inFlight);
    return this.inFlight;
  }

  private noticeEdit(): void {
    const waits = this.dirty() || this.phase() !== 'saved';
    if (!waits || this.stuck()) return;
    this.flushIn(SAVE_DELAY_MS);
  }

  private flushIn(ms: number): void {
    clearTimeout(this.timer);
    if (!this.closed && !this.dropped) this.timer = setTimeout(() => void this.flush(), ms);
  }

  private async save(pipelineId: string, revision: number): Promise<boolean> {
    if (this.dropped) return false;
    const content = this.content();
    this.phase.set('saving');
    this.unanswered.send(content);
    try {
      const answer = await this.api.save(pipelineId, revision, changesOf(content, this.saved()));
      this.succeed(content, answer);
      return true;
    } catch (error) {
      const problem = toProblemError(error);
      // What was held when another pipeline was opened is all that is left to do.
      if (!this.isOpen(pipelineId)) return false;
      if (!isUnknown(problem)) this.unanswered.refuse(content);
      const recognised = problem.status === 412 && (await this.recognise(pipelineId));
      if (!this.isOpen(pipelineId)) return false;
      if (recognised) return this.saveRest();
      if (!(await this.noticeDeleted(problem, pipelineId))) this.fail(problem);
      return false;
    }
  }

  /** Takes a newer revision for one's own if it holds what was sent and not answered. */
  private async recognise(pipelineId: string): Promise<boolean> {
    const stored = this.unanswered.any && (await this.api.load(pipelineId).catch(() => null));
    const sent = stored && this.unanswered.find(stored);
    if (sent) this.succeed(sent, stored);
    return Boolean(sent);
  }

  private succeed(content: Content, answer: PipelineOut): void {
    if (!this.document.adopt(answer)) return this.drafts.move(content, answer);
    this.saved.set(content);
    this.rest();
    this.noticeEdit();
  }

  /** Takes note of a refusal that may mean that the pipeline was deleted; says whether it was. */
  async noticeDeleted(problem: ProblemError, pipelineId = this.document.facts()?.id) {
    if (problem.status !== 404 || !pipelineId) return false;
    const found = await this.api.load(pipelineId).catch(toProblemError);
    const deleted = found instanceof ProblemError && found.status === 404;
    if (deleted && this.isOpen(pipelineId)) {
      this.phase.set('deleted');
      this.hold();
    }
    return deleted;
  }

  private fail(error: ProblemError): void {
    if (error.status === 412) return this.clash(error);
    this.refusal.set(error);
    this.hold();
    if (error.status === 429 || isUnknown(error)) {
      this.phase.set('offline');
      this.flushIn(Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LONGEST_RETRY_MS));
    } else {
      this.phase.set('refused');
    }
  }

  /** Only the person can go on from here. */
  private stuck(): boolean {
    return this.phase() === 'conflict' || this.phase() === 'deleted';
  }

  private isOpen(pipelineId: string | undefined): boolean {
    return pipelineId !== undefined && this.document.facts()?.id === pipelineId;
  }

  private content(): Content {
    return {
      name: this.document.name(),
      graph: this.editor.graph(),
      trigger: this.document.trigger(),
    };
  }
}

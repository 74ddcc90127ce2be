import { computed, DestroyRef, effect, inject, Service, untracked } from '@angular/core';
import { type PipelineOut } from '@core/api';
import { Session } from '@core/auth/session';
import { ProblemError, toProblemError } from '@core/http/problem-error';
import { type Side } from '../domain/merge';
import { beside, changesOf, type Content, contentOf, isEdited } from './content';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { HeldDraft } from './held-draft';
import { PipelineDocument } from './pipeline-document';
import { PipelineDrafts } from './pipeline-drafts';
import { SaveStanding } from './save-standing';
import { isUnknown, type Meeting, type SaveState } from './save-state';
import { SaveTurns } from './save-turns';
import { SavesUnderWay } from './saves-under-way';

export const SAVE_DELAY_MS = 800;
/** What undo takes back, where this tab shows what another one has stored. */
const FROM_ELSEWHERE = 'Changes from elsewhere';

/** Saves every edit after a short pause and never over somebody else's work unless told to. */
@Service({ autoProvided: false })
export class Autosave {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly document = inject(PipelineDocument);
  private readonly drafts = new PipelineDrafts();
  private readonly saves = inject(SavesUnderWay);
  private readonly turns = new SaveTurns(this.saves);
  private readonly session = inject(Session);
  private readonly standing = new SaveStanding();
  private readonly held = new HeldDraft(this.drafts, this.standing);
  private readonly saved = this.standing.saved;
  private readonly phase = this.standing.phase;
  private readonly unanswered = this.standing.unanswered;
  private timer?: ReturnType<typeof setTimeout>;
  private openings = 0;
  /** The editor is gone: what is under way comes to its end, and nothing is tried again. */
  private closed = false;
  /** What is not stored is not to be: nothing is sent or held any more. */
  private dropped = false;

  private readonly content = computed(() => this.document.content());
  readonly dirty = computed(() => isEdited(this.content(), this.saved()));
  /** Whether anything that was edited is not known to be stored. */
  readonly waits = computed(
    () =>
      this.dirty() ||
      this.phase() === 'saving' ||
      this.phase() === 'offline' ||
      this.phase() === 'deleted',
  );
  readonly state = computed<SaveState>(() => {
    const phase = this.phase();
    return phase === 'saved' && this.dirty() ? 'pending' : phase;
  });
  /** What somebody else stored against what is here; null while there is nothing, or it is not known. */
  readonly conflict = computed(() => this.standing.conflict(this.content()));
  /** Why the server did not take the last change, and what can be done about it. */
  readonly reason = this.standing.reason;
  /** What is here stands against what became of it elsewhere: only the person can go on from here. */
  readonly stuck = computed(() => this.standing.stuck());

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
    this.standing.calm();
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
    return this.phase() === 'deleted' ? this.held.any() : this.held.takeUp();
  }

  /**
   * Saves at once what is not saved yet, one save at a time, each on the revision that the one
   * before it made. Resolves to whether all that was changed before the call is stored.
   */
  flush(): Promise<boolean> {
    return this.turns.next(() => this.saveNow());
  }

  /**
   * Does what makes a new revision in another way, on what is stored and with no save beside it.
   * Resolves to whether all was stored, and so it was done; rejects as `act` does.
   */
  async change(act: () => Promise<PipelineOut>): Promise<boolean> {
    const pipelineId = this.document.facts()?.id;
    do {
      if (!(await this.flush())) return false;
    } while (this.turns.inFlight);
    if (!pipelineId || !this.isOpen(pipelineId)) return false;
    const done = act().then((answer) => {
      this.document.adopt(answer);
      return true;
    });
    const over = done.catch(() => false);
    void this.turns.follow(pipelineId, over);
    return done;
  }

  /** What a flush that failed means to whoever needed it, after a colon. */
  unsaved(): string {
    return `the last change could not be saved. ${this.reason()}`.trim();
  }

  /**
   * Settles a conflict by laying what was changed here over what is stored; where both changed the
   * same, `winner` has it. Nothing is done while what is stored is not what the conflict tells of.
   */
  keep(winner: Side): Promise<boolean> {
    const facts = this.document.facts();
    if (!facts) return Promise.resolve(false);
    return this.turns.inFlight ?? this.turns.follow(facts.id, this.lay(facts.id, winner));
  }

  /** Reads what the conflict is with. */
  async look(): Promise<void> {
    const pipelineId = this.document.facts()?.id ?? '';
    try {
      const stored = await this.api.load(pipelineId);
      const stands = this.isOpen(pipelineId) && this.phase() === 'conflict';
      if (stands) this.standing.theirs.set(stored);
    } catch (error) {
      await this.noticeDeleted(toProblemError(error), pipelineId);
    }
  }

  /** Settles a conflict in favour of what is stored: what is on this screen is dropped. */
  async takeTheirs(): Promise<void> {
    const facts = this.document.facts();
    if (!facts) return;
    await this.turns.inFlight;
    try {
      const theirs = await this.api.load(facts.id);
      if (this.isOpen(facts.id)) this.show(theirs);
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
    if (!pipelineId || this.phase() === 'deleted') return 'conflict';
    try {
      const stored = await this.turns.between(() => this.api.load(pipelineId));
      return this.isOpen(pipelineId) ? this.compare(stored, mayShow) : 'unknown';
    } catch (error) {
      const deleted = await this.noticeDeleted(toProblemError(error), pipelineId);
      return deleted ? 'conflict' : 'unknown';
    }
  }

  private compare(stored: PipelineOut, mayShow: boolean): Meeting {
    if (this.phase() === 'deleted') return 'conflict';
    if (stored.revision < (this.document.facts()?.revision ?? 0)) return 'same';
    const same = this.standing.recognise(stored, this.content());
    if (same) {
      this.succeed(same, stored);
      return 'same';
    }
    if (!mayShow || this.dirty()) {
      clearTimeout(this.timer);
      this.standing.clash(null, stored);
      this.hold();
      return 'conflict';
    }
    this.show(stored);
    return 'shown';
  }

  private show(stored: PipelineOut): void {
    this.document.turnTo(contentOf(stored), FROM_ELSEWHERE);
    this.document.adopt(stored);
    this.drafts.drop(stored.id);
    this.begin();
  }

  /** Holds what is not stored, so that it outlives this page; nothing, once all is. */
  hold(): void {
    if (!this.dropped) this.held.keep(this.waits());
  }

  /** What is on the screen is stored in another pipeline by now: nothing of this one waits. */
  forget(): void {
    this.begin();
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
    if (this.dropped) return Promise.resolve(false);
    clearTimeout(this.timer);
    const facts = this.document.facts();
    const over = this.standing.stuck() || (this.closed && this.phase() !== 'saved');
    if (!facts || over) return Promise.resolve(!this.dirty() && this.phase() !== 'deleted');
    if (this.dirty()) return this.turns.follow(facts.id, this.save(facts.id, facts.revision));
    if (this.phase() === 'offline' && this.unanswered.any) {
      return this.turns.follow(facts.id, this.takeBack(facts.id, facts.revision));
    }
    this.rest();
    return Promise.resolve(true);
  }

  /** Nothing waits: what the server did not take was taken back. */
  private rest(): void {
    this.standing.calm();
    this.hold();
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

  private async lay(pipelineId: string, winner: Side): Promise<boolean> {
    try {
      const stored = await this.api.load(pipelineId);
      const laid = this.isOpen(pipelineId) && this.standing.lay(stored, this.content(), winner);
      if (!laid) return false;
      this.document.turnTo(laid, FROM_ELSEWHERE);
      this.document.adopt(stored);
      this.saved.set(beside(contentOf(stored), this.editor.graph()));
      if (this.dirty()) return await this.save(pipelineId, stored.revision);
      this.rest();
      return true;
    } catch (error) {
      await this.refuse(toProblemError(error), pipelineId);
      return false;
    }
  }

  private async refuse(problem: ProblemError, pipelineId: string): Promise<void> {
    if (!(await this.noticeDeleted(problem, pipelineId)) && this.isOpen(pipelineId))
      this.standing.refusal.set(problem);
  }

  private noticeEdit(): void {
    const waits = this.dirty() || this.phase() !== 'saved';
    if (!waits || this.standing.stuck()) return;
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
      if (this.phase() === 'conflict') await this.look();
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
    const retry_ms = this.standing.fail(error);
    this.hold();
    if (retry_ms !== null) this.flushIn(retry_ms);
  }

  private isOpen(pipelineId: string | undefined): boolean {
    return pipelineId !== undefined && this.document.facts()?.id === pipelineId;
  }
}

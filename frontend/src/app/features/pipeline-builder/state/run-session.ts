import { computed, effect, inject, linkedSignal, Service, signal, untracked } from '@angular/core';
import { type RunBody } from '@core/api';
import { Attempt } from '@core/http/attempt';
import { type ProblemError } from '@core/http/problem-error';
import { Reachability } from '@core/http/reachability';
import { dataBadgeOf } from '@core/market/data-badge';
import { aheadInWords, momentOf } from '@shared/as-of';
import { localMoment } from '@shared/format/times';
import { answeringPrices, gapInWords } from '@shared/symbol-picker/answering-prices';
import { SYMBOL_SEARCH } from '@shared/symbol-picker/symbol-search';
import { Ticking } from '@shared/ticking';
import { Autosave } from './autosave';
import { BegunRuns } from './begun-runs';
import { EditorActions } from './editor-actions';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { EditorUi } from './editor-ui';
import { type DocumentFacts, PipelineDocument } from './pipeline-document';
import { ProblemList } from './problem-list';
import { Publication } from './publication';
import { RunFreshness } from './run-freshness';
import { RunStore } from './run-store';

/** Narrower than this the inspector would cover the canvas. */
const WIDE_PX = 1024;
/** How long the panels take to settle. */
const LAYOUT_MS = 80;
const SYMBOL_KEY = 'kuber.symbol';

/** A run that could not start, and the run in its way if there is one. */
export interface Refusal {
  readonly text: string;
  readonly activeRun: string | null;
  /** What was not done because the server was away, as "Not started"; '' for another reason. */
  readonly missed: string;
  /** It was refused because the pipeline was changed or deleted elsewhere: void once that is settled. */
  readonly clash: boolean;
}

/** What to run on, and everything that pressing Run means: save first, start, follow, open the result. */
@Service({ autoProvided: false })
export class RunSession {
  private readonly api = inject(EditorApi);
  private readonly autosave = inject(Autosave);
  private readonly begun = inject(BegunRuns);
  private readonly document = inject(PipelineDocument);
  private readonly editor = inject(EditorStore);
  private readonly freshness = inject(RunFreshness);
  private readonly problems = inject(ProblemList);
  private readonly publication = inject(Publication);
  private readonly runs = inject(RunStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly ticking = inject(Ticking);
  private readonly findSymbols = inject(SYMBOL_SEARCH);

  readonly symbol = signal(localStorage.getItem(SYMBOL_KEY) ?? '');
  /** The simulated now as local date and time; empty means now. */
  readonly asOf = signal('');
  /** Whether the run is to see a date in history, though it may not be named yet. */
  readonly inHistory = linkedSignal(() => this.asOf() !== '');
  readonly refusal = signal<Refusal | null>(null);
  /** Whether the focus goes to the result when there is one. */
  leadsOn = false;
  /** The symbol that the address names; '' for none. */
  private named = '';
  private problemIndex = -1;
  /** From pressing Run until the run is accepted: what is on the screen is saved first. */
  private readonly starting = new Attempt();

  /** The moment that is chosen, in ISO 8601; null for now. */
  private readonly moment = computed(() => momentOf(this.asOf()));
  /** Which prices of the chosen symbol a run would read. */
  readonly answering = answeringPrices(this.symbol, this.moment);
  /** Where these come from. */
  readonly prices = computed(() => dataBadgeOf(this.answering()?.prices));

  /** Why nothing can run on what is chosen; '' when it can. */
  readonly hindrance = computed(
    () => aheadInWords(this.asOf(), this.ticking.nowMs()) || gapInWords(this.answering()),
  );

  readonly blocked = computed(() => this.problems.count() > 0);
  /** The pipeline was changed or deleted elsewhere, and what becomes of it is not chosen yet. */
  private readonly clashes = computed(() =>
    ['conflict', 'deleted'].includes(this.autosave.state()),
  );
  /** A run is at work: nothing else can be asked for. */
  readonly busy = computed(() => this.runs.active() && !this.runs.paused());

  constructor() {
    effect(() => {
      const node = this.runs.decisionNode();
      if (node && this.runs.record()) untracked(() => this.openResult(node));
    });
    const { recoveries } = inject(Reachability);
    effect(() => {
      recoveries();
      untracked(() => this.lookBack());
    });
    effect(() => {
      if (!this.clashes()) untracked(() => this.refusal()?.clash && this.refusal.set(null));
    });
    if (!this.symbol()) void this.suggestSymbol();
  }

  useSymbol(symbol: string): void {
    this.symbol.set(symbol);
    localStorage.setItem(SYMBOL_KEY, symbol);
  }

  /** Takes over what an address names: a symbol, and the moment to run as of (ISO 8601). */
  preset(symbol: string | undefined, asOf: string | undefined): void {
    this.named = symbol?.toUpperCase() ?? '';
    if (this.named) this.symbol.set(this.named);
    const moment = asOf ? localMoment(asOf) : '';
    if (moment) this.asOf.set(moment);
  }

  /** Has the next run see a moment (ISO 8601) in history. */
  useMoment(asOf: string): void {
    this.asOf.set(localMoment(asOf));
  }

  /**
   * Runs the pipeline, or goes to the next problem while there is one. Started by a key, the run
   * leads the keyboard to its result.
   */
  async run(byKey = false): Promise<void> {
    if (this.busy()) return;
    this.leadsOn = byKey;
    if (this.blocked()) this.showNextProblem();
    else if (this.hindrance()) this.refuse(`Not started. ${this.hindrance().replace(/\.?$/, '.')}`);
    else await this.starting.make(() => this.saveAndStart(), this.document.facts()?.id);
  }

  private async saveAndStart(): Promise<void> {
    this.refusal.set(null);
    const wanted = this.document.facts()?.id;
    const stored = await this.autosave.flush();
    const facts = this.document.facts();
    if (!facts || facts.id !== wanted) return;
    if (!stored) {
      const missed = this.autosave.state() === 'offline' ? 'Not started' : '';
      this.refuse(`Not started: ${this.autosave.unsaved()}`, { missed });
      return;
    }
    this.actions.say('Run started');
    const problem = await this.startAt(facts);
    if (problem?.status !== 412) return problem ? this.explain(problem) : undefined;
    const met = await this.autosave.meet(false);
    const now = this.document.facts();
    if (met === 'same' && now?.id === wanted) {
      // Only what is not on the canvas was changed elsewhere, as whether it is switched on.
      const again = await this.startAt(now);
      if (again) await this.explain(again);
    } else if (now?.id === wanted) {
      this.refuse(met === 'unknown' ? problem.detail : `Not started. ${this.autosave.reason()}`);
    }
  }

  /**
   * Runs what is on the screen at this revision and no other: the published version where nothing
   * differs from it, else the draft. Gives the refusal, or null.
   */
  private async startAt({ id, revision, version }: DocumentFacts): Promise<ProblemError | null> {
    const draft = this.publication.differs();
    this.freshness.begin(draft ? null : version);
    const nodeIds = this.editor.nodes().map((node) => node.id);
    const refusal = await this.runs.start(id, nodeIds, { ...this.body(), draft, revision });
    const run = this.runs.view();
    if (!refusal && run) this.begun.keep(id, run);
    return refusal;
  }

  /**
   * Picks up a run that is going on already, as after a reload, else the last one that was started
   * here, though it is over by now; on the address's symbol if any.
   */
  async resume(pipelineId: string): Promise<void> {
    const active = await this.api.activeRun(pipelineId, this.named || undefined).catch(() => null);
    const run = active ?? this.begun.of(pipelineId, this.named);
    const open = this.document.facts()?.id === pipelineId;
    if (run && open && !this.runs.active()) await this.attach(run);
  }

  /** Takes the run off the canvas; it does not come back by itself. */
  dismiss(): void {
    const id = this.document.facts()?.id;
    if (id) this.begun.forget(id);
    this.runs.dismiss();
  }

  /** Shows a run, on the symbol that it is about. */
  private async attach(executionId: string): Promise<void> {
    await this.runs.attach(executionId);
    const view = this.runs.view();
    if (view?.executionId === executionId && view.symbol) this.symbol.set(view.symbol);
  }

  /** Goes through the problems one by one. */
  showNextProblem(): void {
    const all = this.problems.all();
    if (!all.length) return;
    this.problemIndex = (this.problemIndex + 1) % all.length;
    const problem = all[this.problemIndex];
    if (!problem) return;
    this.actions.say(`Problem ${this.problemIndex + 1} of ${all.length}. ${problem.message}`);
    if (problem.node_id && problem.node_id in this.editor.graph().nodes) {
      this.editor.select([problem.node_id]);
      this.ui.canvas()?.reveal(problem.node_id);
      this.ui.inspect('settings');
    } else if (problem.code === 'no_trigger') {
      const at = { x: window.innerWidth / 2 - 160, y: window.innerHeight / 3 };
      this.ui.offerAgents({ at, from: null, fromPort: null });
    } else {
      this.editor.select([]);
      this.ui.inspect('settings');
    }
  }

  async openActive(): Promise<void> {
    const active = this.refusal()?.activeRun;
    this.refusal.set(null);
    if (active) await this.attach(active);
  }

  /** What a run is asked for: on which symbol, and as of when. */
  body(): RunBody {
    return { symbol: this.symbol() || null, as_of: this.moment() };
  }

  /** Says above the bar why what was asked for was not done. */
  refuse(text: string, { activeRun = null, missed = '' }: Partial<Refusal> = {}): void {
    this.refusal.set({ text, activeRun, missed, clash: this.clashes() });
    this.actions.say(text);
  }

  /** Once the server is back, what it was away for is told in the past tense. */
  private lookBack(): void {
    const missed = this.refusal()?.missed;
    if (!missed) return;
    const text = `${missed}: Kuber could not be reached. It can be again: look, and try once more.`;
    this.refusal.set({ text, activeRun: null, missed: '', clash: false });
  }

  private async explain(problem: ProblemError): Promise<void> {
    if (await this.autosave.noticeDeleted(problem)) {
      this.refuse(`Not started. ${this.autosave.reason()}`);
    } else if (problem.code === 'invalid_graph') {
      this.problems.adoptFrom(problem);
      this.showNextProblem();
    } else if (problem.code === 'already_running') {
      const id = this.document.facts()?.id ?? '';
      const active = await this.api.activeRun(id, this.symbol() || undefined).catch(() => null);
      const onShow = this.runs.view()?.executionId === active;
      this.refuse(problem.detail, { activeRun: onShow ? null : active });
    } else {
      const first = problem.errors[0];
      if (problem.outage)
        this.refuse(`Not started. ${problem.detail}`, { missed: 'Perhaps not started' });
      else this.refuse(first ? `${first.message} ${first.remedy ?? ''}`.trim() : problem.detail);
    }
  }

  private openResult(nodeId: string): void {
    const outcome = this.runs.view()?.outcome;
    this.actions.say(outcome ? `Run finished. ${outcome}` : 'Run finished');
    if (!(nodeId in this.editor.graph().nodes)) return;
    this.editor.select([nodeId]);
    const explained = this.runs.recordByNode().get(nodeId)?.reasoning;
    this.ui.inspectorTab.set(explained ? 'reasoning' : 'output');
    if (window.innerWidth > WIDE_PX) this.ui.inspector.set('open');
    setTimeout(() => this.ui.canvas()?.reveal(nodeId), LAYOUT_MS);
  }

  private async suggestSymbol(): Promise<void> {
    const [first] = await this.findSymbols('').catch(() => []);
    if (first && !this.symbol()) this.symbol.set(first.symbol);
  }
}

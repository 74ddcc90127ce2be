import { computed, DestroyRef, effect, inject, Service, signal, untracked } from '@angular/core';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { type ProblemError } from '@core/http/problem-error';
import { meaningOf, type PipelineGraph, toApi } from '../domain/graph';
import { byNode, type Problem, validate } from '../domain/validate';
import { EditorApi } from './editor-api';
import { EditorStore } from './editor-store';
import { PipelineDocument } from './pipeline-document';

const ASK_DELAY_MS = 400;
const NONE: readonly Problem[] = [];

/** What is wrong with the graph: at once by our own rules, a moment later by the server's. */
@Service({ autoProvided: false })
export class ProblemList {
  private readonly api = inject(EditorApi);
  private readonly editor = inject(EditorStore);
  private readonly document = inject(PipelineDocument);
  private readonly catalogue = inject(AgentCatalogue);
  private readonly answer = signal<{ meaning: string; problems: readonly Problem[] } | null>(null);
  private timer?: ReturnType<typeof setTimeout>;

  private readonly meaning = computed(() => meaningOf(this.editor.graph()));
  private readonly own = computed(
    () => {
      this.meaning();
      const catalogue = this.catalogue.byType();
      return catalogue.size ? validate(untracked(this.editor.graph), catalogue) : NONE;
    },
    { equal: sameProblems },
  );

  readonly all = computed<readonly Problem[]>(() => {
    if (!this.document.facts()) return NONE;
    const answer = this.answer();
    return answer?.meaning === this.meaning() ? answer.problems : this.own();
  });
  readonly byNode = computed(() => byNode(this.all()));
  readonly count = computed(() => this.all().length);

  constructor() {
    effect(() => {
      const meaning = this.meaning();
      if (!this.document.facts()) return;
      clearTimeout(this.timer);
      const graph = untracked(this.editor.graph);
      this.timer = setTimeout(() => void this.ask(meaning, graph), ASK_DELAY_MS);
    });
    inject(DestroyRef).onDestroy(() => clearTimeout(this.timer));
  }

  /** Takes the problems that the server named for the graph as it is, as when it refuses a run. */
  adoptFrom({ code, errors }: ProblemError): void {
    const problems = errors.map((item) => ({
      code: item.code ?? code,
      node_id: item.node_id ?? null,
      field: item.field ?? null,
      message: item.message,
      remedy: item.remedy ?? '',
    }));
    this.answer.set({ meaning: this.meaning(), problems });
  }

  /** A failed question leaves our own answer standing. */
  private async ask(meaning: string, graph: PipelineGraph): Promise<void> {
    if (this.answer()?.meaning === meaning) return;
    try {
      this.answer.set({ meaning, problems: await this.api.validate(toApi(graph)) });
    } catch {
      this.answer.set(null);
    }
  }
}

function sameProblems(a: readonly Problem[], b: readonly Problem[]): boolean {
  return a.length === b.length && JSON.stringify(a) === JSON.stringify(b);
}

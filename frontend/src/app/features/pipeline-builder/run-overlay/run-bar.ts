import { NgTemplateOutlet } from '@angular/common';
import {
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  effect,
  ElementRef,
  inject,
  linkedSignal,
  signal,
  viewChild,
} from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { estimateOf } from '@core/runs/estimate';
import { isOver } from '@core/runs/run-progress';
import { waitInWords } from '@core/runs/wait-words';
import { AsOf } from '@shared/as-of';
import { splitDecision } from '@shared/format/decision';
import { formatCost } from '@shared/format/numbers';
import { formatDateTime, formatDuration } from '@shared/format/times';
import { Icon } from '@shared/icon';
import { ModeBadge } from '@shared/mode-badge';
import { StatusBadge } from '@shared/status-badge';
import { PricesRead } from '@shared/symbol-picker/prices-read';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { count } from '../domain/words';
import { EditorStore } from '../state/editor-store';
import { PipelineDocument } from '../state/pipeline-document';
import { ProblemList } from '../state/problem-list';
import { RunFreshness } from '../state/run-freshness';
import { RunSession } from '../state/run-session';
import { RunStore } from '../state/run-store';
import { RunStandingLink } from './run-standing-link';

const TICK_MS = 200;

/** Runs the pipeline: on what, as of when, and how it is going. */
@Component({
  selector: 'k-run-bar',
  imports: [
    AsOf,
    Icon,
    MatButton,
    MatIconButton,
    ModeBadge,
    NgTemplateOutlet,
    PricesRead,
    RouterLink,
    RunStandingLink,
    StatusBadge,
    SymbolPicker,
  ],
  templateUrl: './run-bar.html',
  styleUrl: './run-bar.scss',
})
export class RunBar {
  protected readonly session = inject(RunSession);
  protected readonly runs = inject(RunStore);
  protected readonly document = inject(PipelineDocument);
  protected readonly freshness = inject(RunFreshness);
  private readonly problems = inject(ProblemList);
  private readonly store = inject(EditorStore);
  private readonly result = viewChild<unknown, ElementRef<HTMLElement>>('result', {
    read: ElementRef,
  });
  private readonly decided = viewChild<unknown, ElementRef<HTMLElement>>('decided', {
    read: ElementRef,
  });
  private readonly now = signal(Date.now());
  /** Whether the outcome is shown in full, on as many lines as it takes. */
  protected readonly whole = linkedSignal({
    source: () => this.view()?.executionId,
    computation: () => false,
  });
  /** Whether a few lines are too short for it. */
  protected readonly cut = signal(false);

  protected readonly view = this.runs.view;
  protected readonly over = computed(() => {
    const view = this.view();
    return view !== null && isOver(view.status);
  });
  protected readonly elapsed = computed(() => {
    const view = this.view();
    if (!view?.startedAt) return '';
    const end = view.finishedAt ? Date.parse(view.finishedAt) : this.now();
    return formatDuration(Math.max(0, end - Date.parse(view.startedAt)));
  });
  protected readonly cost = computed(() => formatCost(this.view()?.cost ?? '0'));
  protected readonly outcome = computed(() => {
    const view = this.view();
    return splitDecision(view?.outcome ?? view?.error ?? '');
  });
  protected readonly estimate = computed(() => estimateOf(this.view()?.trade));
  /** The run whose trade may stand for longer than it. */
  protected readonly traded = computed(
    () => {
      const view = this.view();
      return view?.trade && !view.trade.estimated
        ? { id: view.executionId, symbol: view.trade.symbol }
        : null;
    },
    { equal: (one, other) => one?.id === other?.id },
  );
  /** Until when a paused run waits, and for what. */
  protected readonly waits = computed(() => {
    const view = this.view();
    if (!view) return '';
    const { status, outcome, waitsFor: waits_for, wakeAt: wake_at } = view;
    return waitInWords({ status, outcome, waits_for, wake_at }) ?? outcome ?? '';
  });
  protected readonly progress = computed(() => {
    const runs = this.view()?.nodes ?? {};
    const nodes = this.store.nodes().flatMap((node) => runs[node.id] ?? []);
    const done = nodes.filter(({ status }) => !['pending', 'running', 'waiting'].includes(status));
    return `${done.length} of ${count(nodes.length, 'node')}`;
  });
  protected readonly asOfText = computed(() => {
    const asOf = this.runs.record()?.as_of;
    return asOf ? `as of ${formatDateTime(asOf)}` : '';
  });
  protected readonly problemText = computed(() => count(this.problems.count(), 'problem'));

  constructor() {
    effect((onCleanup) => {
      if (!this.runs.active()) return;
      const timer = setInterval(() => this.now.set(Date.now()), TICK_MS);
      onCleanup(() => clearInterval(timer));
    });
    afterRenderEffect((onCleanup) => {
      const text = this.decided()?.nativeElement;
      this.outcome(); // another one may take as many lines
      if (!text) return;
      const watch = new ResizeObserver(() => this.cut.set(text.scrollHeight > text.clientHeight));
      watch.observe(text);
      onCleanup(() => watch.disconnect());
    });
    this.keepClear();
    afterRenderEffect(() => {
      const link = this.result()?.nativeElement;
      if (!link || !this.session.leadsOn) return;
      this.session.leadsOn = false;
      link.focus();
    });
  }

  /** Messages stand above the bar: what is chosen in it stays in sight. */
  private keepClear(): void {
    const root = document.documentElement.style;
    const bar = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    const watch = new ResizeObserver(() => {
      const height = window.innerHeight - bar.getBoundingClientRect().top;
      root.setProperty('--k-under-messages', `${Math.max(0, height)}px`);
    });
    watch.observe(bar);
    inject(DestroyRef).onDestroy(() => {
      watch.disconnect();
      root.removeProperty('--k-under-messages');
    });
  }
}

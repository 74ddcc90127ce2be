import { Component, computed, inject, input, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { type ImportView, listImports } from '@core/api';
import { pollWhileVisible } from '@core/http/poll';
import { type ProblemError, toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { confirm } from '@shared/confirm-dialog';
import { EmptyState } from '@shared/empty-state';
import { ErrorState } from '@shared/error-state';
import { ListFrame } from '@shared/list-frame';
import { DropZone } from './drop-zone';
import { ImportCard } from './import-card';
import { ImportDesk } from './import-desk';
import { atWork } from './import-job';
import { doubtsOf, stopQuestion, undoQuestion } from './import-words';
import { type ImportAct, RecentImports } from './recent-imports';

const POLL_MS = 1_000;

/** Where one's own price history comes in: drop a file, see what it holds, import it. */
@Component({
  selector: 'k-import-page',
  imports: [MatButton, DropZone, EmptyState, ErrorState, ImportCard, ListFrame, RecentImports],
  templateUrl: './import-page.html',
  styleUrl: './import-page.scss',
  host: {
    '(dragover)': 'hold($event)',
    '(dragleave)': 'leave($event)',
    '(drop)': 'drop($event)',
  },
})
export class ImportPage {
  private readonly dialogs = inject(MatDialog);
  protected readonly desk = inject(ImportDesk);

  /** The symbol that prices are wanted of, from the address. */
  readonly symbol = input<string>();
  protected readonly wanted = computed(() => this.symbol()?.trim().toUpperCase() ?? '');

  /** How many of those that are ready have something that speaks against them. */
  protected readonly doubtful = computed(
    () =>
      this.desk.ready().filter((job) => {
        const view = job.view();
        return view !== null && doubtsOf(view).length > 0;
      }).length,
  );
  protected readonly over = signal(false);
  protected readonly problem = signal<ProblemError | null>(null);
  protected readonly list = keptList<ImportView, object>('imports', (_, cursor) =>
    unwrap(listImports({ query: { limit: 20, ...(cursor ? { cursor } : {}) } })),
  );

  constructor() {
    inject(PageContext).show([{ label: 'Market', link: '/instruments' }, { label: 'Import' }]);
    void this.list.load({});
    this.desk.changed.pipe(takeUntilDestroyed()).subscribe((view) => this.take(view));
    pollWhileVisible(POLL_MS, () => this.follow());
  }

  protected hold(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over.set(true);
  }

  protected leave(event: DragEvent): void {
    const into = event.relatedTarget;
    const inside = into instanceof Node && (event.currentTarget as Node).contains(into);
    if (!inside) this.over.set(false);
  }

  protected drop(event: DragEvent): void {
    const files = [...(event.dataTransfer?.files ?? [])];
    this.over.set(false);
    if (!files.length) return;
    event.preventDefault();
    void this.desk.add(files, this.wanted());
  }

  protected act({ act, view }: { readonly act: ImportAct; readonly view: ImportView }): void {
    if (act === 'open') this.open(view);
    else void this.takeBack(view, act === 'undo');
  }

  /** Undoes an import, stops one on its way, or throws a preview away. */
  protected async takeBack(view: ImportView | null, asks = true): Promise<void> {
    if (!view) return;
    const question = view.status === 'done' ? undoQuestion(view) : stopQuestion(view);
    if (asks && !(await confirm(this.dialogs, question))) return;
    this.problem.set(null);
    try {
      await this.desk.undo(view);
    } catch (error) {
      this.problem.set(toProblemError(error));
    }
  }

  private open(view: ImportView): void {
    const { key } = this.desk.reopen(view);
    // The card is there once the page has been drawn.
    setTimeout(() => document.getElementById(key)?.scrollIntoView({ block: 'center' }));
  }

  /** Brings what moves on up to date, on the cards and in the list. */
  private async follow(): Promise<void> {
    await this.desk.refresh();
    const onCards = new Set(this.desk.jobs().map((job) => job.view()?.id));
    const moving = this.list.items().some(({ id, status }) => atWork(status) && !onCards.has(id));
    if (!moving) return;
    const { items } = await unwrap(listImports({ query: { limit: 20 } }));
    const now = new Map(items.map((item) => [item.id, item]));
    this.list.update((known) => known.map((item) => now.get(item.id) ?? item));
  }

  private take(view: ImportView): void {
    if (this.list.items().some(({ id }) => id === view.id)) {
      this.list.update((items) => items.map((item) => (item.id === view.id ? view : item)));
    } else if (!this.list.loadingFirst()) {
      this.list.update((items) => [view, ...items]);
    }
  }
}

import { Component, computed, effect, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { type DeadLetterSummary, listDeadLetters } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { ListFrame } from '@shared/list-frame';
import { Time } from '@shared/time';

const PAGE_SIZE = 50;

/** Messages that a consumer could not take, newest first. */
@Component({
  selector: 'k-dead-letters-page',
  imports: [RouterLink, EmptyState, ListFrame, Time],
  templateUrl: './dead-letters-page.html',
  styleUrl: './dead-letters-page.scss',
})
export class DeadLettersPage {
  private readonly router = inject(Router);

  readonly consumer = input<string>();

  protected readonly list = keptList<DeadLetterSummary, string | null>(
    'dead letters',
    (consumer, cursor) =>
      unwrap(listDeadLetters({ query: { consumer, cursor, limit: PAGE_SIZE } })),
  );
  /** Consumers of what is on show, and the one that is chosen. */
  protected readonly consumers = computed(() => {
    const seen = this.list.items().map((item) => item.consumer);
    const chosen = this.consumer();
    return [...new Set(chosen ? [chosen, ...seen] : seen)].sort();
  });

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Dead letters' }]);
    effect(() => void this.list.load(this.consumer() ?? null));
  }

  protected filter(consumer: string | null): void {
    void this.router.navigate(['/system/dead-letters'], {
      queryParams: { consumer },
      replaceUrl: true,
    });
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, item: DeadLetterSummary): void {
    if ((event.target as HTMLElement).closest('a')) return;
    void this.router.navigate(['/system/dead-letters', item.id]);
  }
}

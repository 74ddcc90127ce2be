import { Component, computed, effect, inject, input } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { type DeadLetterSummary, listDeadLetters } from '@core/api';
import { unwrap } from '@core/http/unwrap';
import { addressFilters } from '@core/page/address-filters';
import { keptList } from '@core/page/kept-list';
import { PageContext } from '@core/page/page-context';
import { EmptyState } from '@shared/empty-state';
import { FilterChips } from '@shared/filter-chips';
import { ListFrame } from '@shared/list-frame';
import { ListHead } from '@shared/list-head';
import { Time } from '@shared/time';

const PAGE_SIZE = 50;

/** Messages that a consumer could not take, newest first. */
@Component({
  selector: 'k-dead-letters-page',
  imports: [RouterLink, EmptyState, FilterChips, ListFrame, ListHead, Time],
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
    const names = [...new Set(chosen ? [chosen, ...seen] : seen)].sort();
    return names.map((name) => ({ value: name, label: name }));
  });

  protected readonly filter = addressFilters('/system/dead-letters');

  constructor() {
    inject(PageContext).show([{ label: 'System', link: '/system' }, { label: 'Dead letters' }]);
    effect(() => void this.list.load(this.consumer() ?? null));
  }

  /** The link in the row serves keyboards; the rest of the row serves the mouse. */
  protected open(event: MouseEvent, item: DeadLetterSummary): void {
    if ((event.target as HTMLElement).closest('a')) return;
    void this.router.navigate(['/system/dead-letters', item.id]);
  }
}

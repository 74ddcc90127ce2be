import { ElementRef, inject, signal } from '@angular/core';
import { type Merge, mergeFirstPage } from '@core/http/merge-first-page';
import type { PagedList } from '@core/http/paged-list';

/** Further down than this, px, someone is reading: new rows wait. */
const READING_FROM = 80;

interface Options<T> {
  /** Whether someone reads for another reason than having scrolled down. */
  readonly reading?: () => boolean;
  /** Whether an item went to another place in the list and counts as new. */
  readonly moved?: (was: T, is: T) => boolean;
}

/** What is new in a list: it goes where it belongs at once, and waits while someone reads. */
export class LiveList<T extends { readonly id: string }, Q> {
  private readonly held = signal<Merge<T> | null>(null);
  private readonly came = signal<ReadonlySet<string>>(new Set());
  private first: readonly T[] = [];

  /** Ids of what came last. */
  readonly arrived = this.came.asReadonly();

  constructor(
    private readonly list: PagedList<T, Q>,
    private readonly host: HTMLElement,
    private readonly options: Options<T> = {},
  ) {}

  /** How many came while someone was reading. */
  waiting(): number {
    return this.held()?.fresh.length ?? 0;
  }

  /** Takes up a fresh first page; rows on show are brought up to date and stay. */
  async take(first: readonly T[], hasMore: boolean): Promise<void> {
    const merge = mergeFirstPage(this.list.items(), first, hasMore, this.options.moved);
    this.first = first;
    this.list.update(() => merge.known);
    if (merge.fresh.length && this.reading()) this.held.set(merge);
    else await this.put(merge);
  }

  /** Shows what waits, and goes to the top. */
  async showWaiting(): Promise<void> {
    const merge = this.held();
    if (merge) await this.put(merge);
    this.scroller()?.scrollTo({ top: 0 });
  }

  /** Lets go of what waits, as when other rows are asked for. */
  forget(): void {
    this.held.set(null);
  }

  private async put({ fresh, gap }: Merge<T>): Promise<void> {
    this.forget();
    if (!fresh.length) return;
    this.came.set(new Set(fresh.map(({ id }) => id)));
    if (gap) return this.list.reload();
    this.list.update(
      (items) => mergeFirstPage(items, this.first, false, this.options.moved).joined,
    );
  }

  private reading(): boolean {
    return this.options.reading?.() || (this.scroller()?.scrollTop ?? 0) > READING_FROM;
  }

  private scroller(): HTMLElement | null {
    return this.host.closest('main');
  }
}

/** What is new in a page's list. Call it where things are injected. */
export function liveList<T extends { readonly id: string }, Q>(
  list: PagedList<T, Q>,
  options: Options<T> = {},
): LiveList<T, Q> {
  return new LiveList(list, inject<ElementRef<HTMLElement>>(ElementRef).nativeElement, options);
}

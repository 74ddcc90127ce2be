import { computed, signal } from '@angular/core';
import { type ProblemError, toProblemError } from './problem-error';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | null;
}

/**
 * A list that is read page by page and keeps what it has. A new query replaces it; answers to an
 * older query are dropped.
 */
export class PagedList<T, Q> {
  private readonly loaded = signal<readonly T[]>([]);
  private readonly cursor = signal<string | null>(null);
  private readonly pending = signal<'first' | 'more' | null>('first');
  private readonly failure = signal<{ of: 'first' | 'more'; error: ProblemError } | null>(null);
  private query: Q | null = null;
  private generation = 0;

  readonly items = this.loaded.asReadonly();
  /** Why the list could not be read; what it had is out of date. */
  readonly error = computed(() => this.failureOf('first'));
  /** Why the next page could not be read; what is on show stays. */
  readonly moreError = computed(() => this.failureOf('more'));
  readonly hasMore = computed(() => this.cursor() !== null);
  readonly loadingFirst = computed(() => this.pending() === 'first');
  readonly loadingMore = computed(() => this.pending() === 'more');

  constructor(private readonly fetch: (query: Q, cursor: string | null) => Promise<Page<T>>) {}

  /** Shows the first page of `query`. What is on show stays until the answer is there. */
  async load(query: Q): Promise<void> {
    this.query = query;
    await this.request('first', null);
  }

  async reload(): Promise<void> {
    if (this.query !== null) await this.load(this.query);
  }

  async more(): Promise<void> {
    if (this.cursor() && this.pending() === null) await this.request('more', this.cursor());
  }

  /** Changes the items on show, as after an action on one of them. */
  update(change: (items: readonly T[]) => readonly T[]): void {
    this.loaded.update(change);
  }

  private failureOf(kind: 'first' | 'more'): ProblemError | null {
    const failure = this.failure();
    return failure?.of === kind ? failure.error : null;
  }

  private async request(kind: 'first' | 'more', cursor: string | null): Promise<void> {
    const generation = ++this.generation;
    this.pending.set(kind);
    this.failure.set(null);
    try {
      const page = await this.fetch(this.query as Q, cursor);
      if (generation !== this.generation) return;
      this.loaded.update((items) => (kind === 'more' ? [...items, ...page.items] : page.items));
      this.cursor.set(page.next_cursor ?? null);
    } catch (error) {
      if (generation === this.generation) {
        this.failure.set({ of: kind, error: toProblemError(error) });
      }
    } finally {
      if (generation === this.generation) this.pending.set(null);
    }
  }
}

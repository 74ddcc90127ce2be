import { computed, signal } from '@angular/core';
import { joinFirstPage } from './merge-first-page';
import { type ProblemError, toProblemError } from './problem-error';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor?: string | null;
}

/** What a list had loaded, and for which query. */
export interface Snapshot<T, Q> {
  readonly query: Q;
  readonly items: readonly T[];
  readonly cursor: string | null;
  readonly pages: number;
}

/** So many pages are read again when a list is taken up where it was left. */
const MOST_REREAD = 10;

/**
 * A list that is read page by page and keeps what it has. A new query replaces it; answers to an
 * older query are dropped.
 */
export class PagedList<T, Q> {
  private readonly loaded = signal<readonly T[]>([]);
  private readonly cursor = signal<string | null>(null);
  private readonly pending = signal<'first' | 'more' | null>('first');
  private readonly failure = signal<{ of: 'first' | 'more'; error: ProblemError } | null>(null);
  private query: { readonly of: Q } | null = null;
  /** The query, as text, that what is loaded answers. */
  private answered: string | null = null;
  /** How items are told apart, while catching up has failed. */
  private behind: ((item: T) => unknown) | null = null;
  private generation = 0;
  private pages = 0;

  readonly items = this.loaded.asReadonly();
  /** Why the list could not be read; what it had for the same query stays, and is out of date. */
  readonly error = computed(() => this.failureOf('first'));
  /** Why the next page could not be read; what is on show stays. */
  readonly moreError = computed(() => this.failureOf('more'));
  readonly hasMore = computed(() => this.cursor() !== null);
  readonly loadingFirst = computed(() => this.pending() === 'first');
  readonly loadingMore = computed(() => this.pending() === 'more');

  /** `left` is what the list was when it was left: the same query takes it up from there. */
  constructor(
    private readonly fetch: (query: Q, cursor: string | null) => Promise<Page<T>>,
    private left?: Snapshot<T, Q>,
  ) {}

  /** Shows the first page of `query`. What is on show stays until the answer is there. */
  async load(query: Q): Promise<void> {
    const left = this.left;
    this.left = undefined;
    this.behind = null;
    this.query = { of: query };
    if (left && JSON.stringify(left.query) === JSON.stringify(query)) await this.takeUp(left);
    else await this.request('first', null);
  }

  /** Tries again what failed; else reads the first page anew. */
  async reload(): Promise<void> {
    if (this.behind) await this.catchUp(this.behind);
    else if (this.query) await this.load(this.query.of);
  }

  async more(): Promise<void> {
    if (this.cursor() && this.pending() === null) await this.request('more', this.cursor());
  }

  /**
   * Puts what the first page has by now into what is on show, which stays, also when that fails.
   * `key` tells items apart. Resolves to whether it could be read.
   */
  async catchUp(key: (item: T) => unknown): Promise<boolean> {
    const query = this.query;
    if (!query) return false;
    if (this.pending() === 'first' || (this.error() && !this.behind)) return this.anew(query.of);
    try {
      const page = await this.fetch(query.of, null);
      if (query !== this.query) return false;
      const known = new Set(this.loaded().map(key));
      const news = page.items.filter((item) => !known.has(key(item)));
      const gap = news.length === page.items.length && page.next_cursor != null;
      if (gap) return await this.anew(query.of);
      this.loaded.update((items) => joinFirstPage(items, page.items, key));
      this.behind = null;
      if (this.error()) this.failure.set(null);
      return true;
    } catch (error) {
      if (query !== this.query) return false;
      this.behind = key;
      this.failure.set({ of: 'first', error: toProblemError(error) });
      return false;
    }
  }

  /** Changes the items on show, as after an action on one of them. */
  update(change: (items: readonly T[]) => readonly T[]): void {
    this.loaded.update(change);
  }

  /** What it has loaded, or null while it has nothing that is worth coming back to. */
  snapshot(): Snapshot<T, Q> | null {
    if (this.left) return this.left;
    if (!this.pages || !this.query || this.answered !== JSON.stringify(this.query.of)) return null;
    const [query, items, cursor] = [this.query.of, this.loaded(), this.cursor()];
    return { query, items, cursor, pages: this.pages };
  }

  private async anew(query: Q): Promise<boolean> {
    await this.load(query);
    return this.error() === null;
  }

  private failureOf(kind: 'first' | 'more'): ProblemError | null {
    const failure = this.failure();
    return failure?.of === kind ? failure.error : null;
  }

  private asked(): Q {
    if (!this.query) throw new Error('Nothing was asked for yet.');
    return this.query.of;
  }

  private async request(kind: 'first' | 'more', cursor: string | null): Promise<void> {
    const generation = ++this.generation;
    this.pending.set(kind);
    try {
      const page = await this.fetch(this.asked(), cursor);
      if (generation !== this.generation) return;
      this.failure.set(null);
      this.loaded.update((items) => (kind === 'more' ? [...items, ...page.items] : page.items));
      this.cursor.set(page.next_cursor ?? null);
      this.pages = kind === 'more' ? this.pages + 1 : 1;
      this.answered = JSON.stringify(this.asked());
      this.behind = null;
    } catch (error) {
      if (generation !== this.generation) return;
      this.failure.set({ of: kind, error: toProblemError(error) });
      if (this.answered !== JSON.stringify(this.asked())) this.drop();
    } finally {
      if (generation === this.generation) this.pending.set(null);
    }
  }

  /** What is loaded answers another query than the one that failed. */
  private drop(): void {
    this.loaded.set([]);
    this.cursor.set(null);
    this.pages = 0;
    this.answered = null;
  }

  /**
   * Shows what it was at once, then reads the same pages again, the first ten at most, and shows
   * those. While they cannot be read a reload takes up the same.
   */
  private async takeUp(left: Snapshot<T, Q>): Promise<void> {
    const generation = ++this.generation;
    this.loaded.set(left.items);
    this.cursor.set(left.cursor);
    this.pages = left.pages;
    this.answered = JSON.stringify(left.query);
    this.pending.set(null);
    const fresh: T[] = [];
    let [next, read]: [string | null, number] = [null, 0];
    try {
      do {
        const page: Page<T> = await this.fetch(this.asked(), next);
        if (generation !== this.generation) return;
        fresh.push(...page.items);
        [next, read] = [page.next_cursor ?? null, read + 1];
      } while (next !== null && read < Math.min(left.pages, MOST_REREAD));
    } catch (error) {
      if (generation !== this.generation) return;
      this.left = left;
      this.failure.set({ of: 'first', error: toProblemError(error) });
      return;
    }
    this.failure.set(null);
    this.loaded.set(fresh);
    this.cursor.set(next);
    this.pages = read;
  }
}

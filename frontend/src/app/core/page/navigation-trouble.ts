import { effect, inject, Service, signal, untracked } from '@angular/core';
import { NavigationEnd, NavigationSkipped, Router } from '@angular/router';
import { toProblemError } from '@core/http/problem-error';
import { Reachability } from '@core/http/reachability';
import { PAGE_LOADER } from './page-loader';
import { UnsavedWork } from './unsaved-work';

/**
 * `away`: the server; `refused`: the server could not do it; `updated`: this tab is older than it;
 * `broken`: the page itself.
 */
export interface Trouble {
  readonly kind: 'away' | 'refused' | 'updated' | 'broken';
  /** The address that could not be opened. */
  readonly url: string;
}

const LAST_KEY = 'kuber.reloaded';
/** Loading anew does not help twice within this time. */
const LOOP_MS = 15_000;
const CHUNK = /dynamically imported module|importing a module script/i;

/** A page that could not be opened, and what is done about it. */
@Service()
export class NavigationTrouble {
  private readonly router = inject(Router);
  private readonly reachability = inject(Reachability);
  private readonly unsaved = inject(UnsavedWork);
  private readonly load = inject(PAGE_LOADER);
  private readonly current = signal<Trouble | null>(null);

  private readonly opened = signal(false);
  /** Counts what was opened: a trouble from before that is over. */
  private openings = 0;

  readonly shown = this.current.asReadonly();
  /** Whether there is a page to go back to. */
  readonly hasPage = this.opened.asReadonly();

  /** Begins to watch: pages that open end the trouble, a server that is back too. */
  watch(): void {
    this.router.events.subscribe((event) => {
      if (event instanceof NavigationEnd) this.opened.set(true);
      // Whoever goes to the page that is open already is there.
      else if (!(event instanceof NavigationSkipped)) return;
      this.openings += 1;
      this.current.set(null);
    });
    window.addEventListener('unhandledrejection', ({ reason }) => void this.missed(reason));
    let seen = this.reachability.recoveries();
    effect(() => {
      const count = this.reachability.recoveries();
      if (count !== seen && untracked(this.current)?.kind === 'away') untracked(() => this.retry());
      seen = count;
    });
  }

  /** Takes a navigation that failed. */
  async take(url: string, error: unknown): Promise<void> {
    const openings = this.openings;
    const missing = isMissingChunk(error);
    const { status, passes } = toProblemError(error);
    const away = missing
      ? !(await this.reachability.check())
      : await this.reachability.missed(status);
    if (openings !== this.openings) return;
    if (missing && !away) this.outdated(url);
    else this.current.set({ kind: away ? 'away' : passes ? 'refused' : 'broken', url });
  }

  retry(): void {
    const trouble = this.current();
    if (!trouble) return;
    if (trouble.kind === 'away' || trouble.kind === 'refused')
      void this.router.navigateByUrl(trouble.url);
    else this.load(trouble.url);
  }

  /** Goes on with the page that is open. */
  stay(): void {
    this.current.set(null);
  }

  /** A part of the page on show that is loaded late could not be. */
  private async missed(reason: unknown): Promise<void> {
    if (isMissingChunk(reason) && (await this.reachability.check())) this.outdated(this.router.url);
  }

  /** This tab is from before an upgrade: it loads anew by itself unless something would be lost. */
  private outdated(url: string): void {
    const last = Number(sessionStorage.getItem(LAST_KEY) ?? 0);
    const now = Date.now();
    if (this.unsaved.any() || now - last < LOOP_MS) {
      this.current.set({ kind: 'updated', url });
      return;
    }
    sessionStorage.setItem(LAST_KEY, String(now));
    this.load(url);
  }
}

function isMissingChunk(error: unknown): boolean {
  return error instanceof Error && CHUNK.test(error.message);
}

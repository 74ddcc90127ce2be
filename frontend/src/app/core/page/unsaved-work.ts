import { DestroyRef, effect, inject, Service, untracked } from '@angular/core';
import type { CanDeactivateFn } from '@angular/router';
import { Session } from '@core/auth/session';

/** What a page has that is not stored yet. */
export interface Work {
  /** Whether there is any just now. */
  readonly waits: () => boolean;
  /** Stores it if that can be done without asking; resolves to whether nothing waits any more. */
  readonly settle?: () => Promise<boolean>;
  /** Holds it for when its page is opened again. */
  readonly hold?: () => void;
  /** Gives it up for good: from now on nothing of it is stored or held. */
  readonly drop?: () => void;
  /** Asks whether to leave it behind; `forGood` drops what is held as well. */
  readonly ask: (forGood: boolean) => Promise<boolean>;
}

/** Storing is waited for so long; then the person is asked. */
const PATIENCE_MS = 3_000;

/** Knows what would be lost by leaving the page, inside the app or by closing the tab. */
@Service()
export class UnsavedWork {
  private readonly session = inject(Session);
  private readonly works = new Set<Work>();

  constructor() {
    window.addEventListener('beforeunload', (event) => this.any() && event.preventDefault());
    effect(() => {
      if (this.session.ended()) untracked(() => this.holdAll());
    });
  }

  /** Watches over `work` until its owner is gone. Call it where things are injected. */
  watch(work: Work): void {
    this.works.add(work);
    inject(DestroyRef).onDestroy(() => this.works.delete(work));
  }

  /** A session that has ended takes nothing back: what waits is held, not asked about. */
  any(): boolean {
    return this.session.loggedIn() && [...this.works].some((work) => work.waits());
  }

  /** Stores what can be stored, asks about the rest; resolves to whether to go on. */
  async mayLeave(forGood = false): Promise<boolean> {
    for (const work of this.works) {
      if (!this.session.loggedIn() || !work.waits()) continue;
      if (work.settle && (await withinPatience(work.settle()))) continue;
      if (!this.session.loggedIn()) return true;
      if (!(await work.ask(forGood))) return false;
    }
    return true;
  }

  /** Gives up all that waits, once leaving it behind for good is agreed to. */
  dropAll(): void {
    for (const work of this.works) work.drop?.();
  }

  private holdAll(): void {
    for (const work of this.works) if (work.waits()) work.hold?.();
  }
}

/** Asks before a page with unsaved work is left. */
export const askBeforeLeaving: CanDeactivateFn<unknown> = () => inject(UnsavedWork).mayLeave();

async function withinPatience(settling: Promise<boolean>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const impatience = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  return Promise.race([settling, impatience]).finally(() => clearTimeout(timer));
}

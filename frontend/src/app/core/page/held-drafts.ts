import { inject, Service } from '@angular/core';
import { Session } from '@core/auth/session';

const PREFIX = 'kuber.draft.';

export const HELD_IS_BACK = 'The change that was not saved is back.';

interface Held {
  readonly owner: string;
  readonly draft: unknown;
}

/**
 * Work that could not be saved, held in this tab until its page is opened again: over a log-in, a
 * reload, or a walk to another page. Only who made it gets it back.
 */
@Service()
export class HeldDrafts {
  private readonly session = inject(Session);

  /** Holds `draft` under `name`, in place of an older one. */
  hold(name: string, draft: object): void {
    const owner = this.session.owner();
    if (!owner) return;
    const held: Held = { owner, draft };
    try {
      sessionStorage.setItem(PREFIX + name, JSON.stringify(held));
    } catch {
      // The browser gives no room: the page still warns before it is closed.
    }
  }

  /** What is held under `name` for who is logged in, or null. */
  read<T>(name: string): T | null {
    const text = sessionStorage.getItem(PREFIX + name);
    if (!text) return null;
    const held = JSON.parse(text) as Held;
    return held.owner === this.session.owner() ? (held.draft as T) : null;
  }

  /** Gives what is held under `name` for who is logged in back, once; null when there is nothing. */
  take<T>(name: string): T | null {
    const draft = this.read<T>(name);
    if (draft !== null) this.drop(name);
    return draft;
  }

  drop(name: string): void {
    sessionStorage.removeItem(PREFIX + name);
  }

  clear(): void {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
    }
  }
}

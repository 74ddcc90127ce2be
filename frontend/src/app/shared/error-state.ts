import {
  Component,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  output,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from './icon';
import { RECOVERY } from './recovery';

/** What a failed call tells a person. */
export interface ErrorInfo {
  readonly title: string;
  readonly detail: string;
  readonly correlationId: string | null;
  /** If the server is away, this is why, and goes well once it is back. */
  readonly outage?: boolean;
  readonly errors: readonly { readonly message: string; readonly remedy?: string | null }[];
}

const PAST =
  'It can be reached again. What was asked for may not have been done: look, and try again if so.';

/**
 * Something failed: what happened, what to do, Retry, and the id to quote in a report. What failed
 * because the server was away is tried again by itself once it is back; an action, which is never
 * repeated unasked, is told of in the past tense then.
 */
@Component({
  selector: 'k-error-state',
  imports: [MatButton, Icon],
  template: `
    <k-icon name="error" [size]="24" />
    <div class="body">
      <p class="title">{{ past() ? 'Kuber could not be reached' : error().title }}</p>
      <p>{{ past() ? PAST : error().detail }}</p>
      @if (waits() && recovery.awaited()) {
        <p>This is tried again by itself once the connection is back.</p>
      }
      @if (items().length) {
        <ul>
          @for (item of items(); track $index) {
            <li>{{ item }}</li>
          }
        </ul>
      }
      @if (error().correlationId; as id) {
        <p class="id">Reference {{ id }}</p>
      }
      @if (retryable()) {
        <button matButton="outlined" type="button" (click)="retry.emit()">Retry</button>
      } @else if (past()) {
        <button matButton="outlined" type="button" (click)="closed.set(true)">Close</button>
      }
    </div>
  `,
  host: { role: 'alert', '[class.closed]': 'closed()' },
  styles: `
    :host {
      display: flex;
      gap: 12px;
      padding: 16px;
      border: 1px solid color-mix(in oklab, var(--k-failed) 40%, transparent);
      border-radius: 8px;
      background: color-mix(in oklab, var(--k-failed) 5%, transparent);
    }
    :host(.closed) {
      display: none;
    }
    k-icon {
      color: var(--k-failed);
    }
    .body {
      min-width: 0;
      overflow-wrap: anywhere;
    }
    .title {
      font-weight: 500;
      line-height: 24px;
    }
    ul {
      margin: 8px 0 0;
      padding-left: 18px;
    }
    .id {
      margin-top: 8px;
      color: var(--mat-sys-on-surface-variant);
      font: 12px / 16px var(--k-mono);
    }
    button {
      margin-top: 12px;
    }
  `,
})
export class ErrorState {
  readonly error = input.required<ErrorInfo>();
  readonly retryable = input(true);
  readonly retry = output();

  /** What is wrong in particular; what the detail says already is not said again. */
  protected readonly items = computed(() => {
    const { detail, errors } = this.error();
    return errors
      .map(({ message, remedy }) => [message === detail ? '' : message, remedy ?? ''])
      .map((parts) => parts.filter(Boolean).join(' '))
      .filter(Boolean);
  });
  protected readonly PAST = PAST;
  protected readonly recovery = inject(RECOVERY);
  protected readonly waits = computed(() => this.retryable() && this.error().outage === true);
  /** The server is back since an action was not done. */
  protected readonly past = linkedSignal({ source: this.error, computation: () => false });
  protected readonly closed = linkedSignal({ source: this.error, computation: () => false });

  constructor() {
    let seen = this.recovery.count();
    effect(() => {
      const count = this.recovery.count();
      if (count !== seen) untracked(() => this.recover());
      seen = count;
    });
  }

  private recover(): void {
    if (this.waits()) this.retry.emit();
    else if (this.error().outage) this.past.set(true);
  }
}

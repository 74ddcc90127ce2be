import { Component, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from './icon';

/** What a failed call tells a person. */
export interface ErrorInfo {
  readonly title: string;
  readonly detail: string;
  readonly correlationId: string | null;
  readonly errors: readonly { readonly message: string; readonly remedy?: string | null }[];
}

/** Something failed: what happened, what to do, Retry, and the id to quote in a report. */
@Component({
  selector: 'k-error-state',
  imports: [MatButton, Icon],
  template: `
    <k-icon name="error" [size]="24" />
    <div class="body">
      <p class="title">{{ error().title }}</p>
      <p>{{ error().detail }}</p>
      @if (error().errors.length) {
        <ul>
          @for (item of error().errors; track $index) {
            <li>{{ item.message }} {{ item.remedy }}</li>
          }
        </ul>
      }
      @if (error().correlationId; as id) {
        <p class="id">Reference {{ id }}</p>
      }
      @if (retryable()) {
        <button matButton="outlined" type="button" (click)="retry.emit()">Retry</button>
      }
    </div>
  `,
  host: { role: 'alert' },
  styles: `
    :host {
      display: flex;
      gap: 12px;
      padding: 16px;
      border: 1px solid color-mix(in oklab, var(--k-failed) 40%, transparent);
      border-radius: 8px;
      background: color-mix(in oklab, var(--k-failed) 5%, transparent);
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
}

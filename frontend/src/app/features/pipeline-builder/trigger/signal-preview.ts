import { Component, computed, inject, input, linkedSignal, resource } from '@angular/core';
import type { PreviewOut } from '@core/api';
import { SignalTypes } from '@core/signals/signal-types';
import { Icon } from '@shared/icon';
import {
  countInWords,
  previewInWords,
  recordedInWords,
  type SignalStart,
  startGap,
  writableSubscriptions,
} from '../domain/trigger';
import { EditorApi } from '../state/editor-api';

const PAUSE_MS = 500;
const DAYS = 30;

/** What the subscriptions would have started lately, so that a threshold is no guess. */
@Component({
  selector: 'k-signal-preview',
  imports: [Icon],
  template: `
    @if (asked()) {
      <k-icon name="history" [size]="18" />
      <div>
        @if (preview.error()) {
          <p>The preview could not be worked out. The settings are kept.</p>
        } @else if (answer(); as answer) {
          @if (answer.recorded) {
            <p [class.stale]="preview.isLoading()">{{ words(answer) }}</p>
          }
          <p class="k-muted">{{ recorded(answer) }}</p>
          @if (answer.recorded) {
            <ul>
              @for (item of answer.by_type; track item.signal_type) {
                <li>
                  <span>{{ types.nameOf(item.signal_type) }}</span>
                  <span class="k-muted">{{ count(item) }}</span>
                </li>
              }
            </ul>
          }
        } @else {
          <p class="k-muted">Looking at the last {{ days }} days.</p>
        }
      </div>
    }
  `,
  host: { role: 'status', '[class.k-none]': '!asked()' },
  styles: `
    :host {
      display: flex;
      gap: 10px;
      padding: 10px 12px;
      border-radius: 8px;
      background: var(--mat-sys-surface-container-low);
    }
    :host(.k-none) {
      display: none;
    }
    k-icon {
      margin-top: 1px;
      color: var(--mat-sys-on-surface-variant);
    }
    div {
      flex: 1;
      min-width: 0;
    }
    ul {
      margin: 4px 0 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: flex;
      justify-content: space-between;
      gap: 12px;
    }
    li .k-muted {
      text-align: right;
    }
    .stale {
      opacity: 0.6;
    }
  `,
})
export class SignalPreview {
  private readonly api = inject(EditorApi);
  protected readonly types = inject(SignalTypes);

  readonly value = input.required<SignalStart>();

  protected readonly days = DAYS;
  protected readonly words = previewInWords;
  protected readonly recorded = recordedInWords;
  protected readonly count = countInWords;
  protected readonly asked = computed(
    () => {
      const value = this.value();
      if (startGap(value) || value.scanner_id === null) return undefined;
      const { scanner_id, market_hours_only } = value;
      const subscriptions = writableSubscriptions(value.subscriptions);
      return { scanner_id, subscriptions, market_hours_only, days: DAYS };
    },
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  protected readonly preview = resource({
    params: () => this.asked(),
    loader: async ({ params, abortSignal }) => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      abortSignal.throwIfAborted();
      return this.api.previewSignals(params);
    },
  });
  /** Stays on show until the next answer is there. */
  protected readonly answer = linkedSignal<PreviewOut | null, PreviewOut | null>({
    source: () => (this.preview.hasValue() ? this.preview.value() : null),
    computation: (found, before) => found ?? before?.value ?? null,
  });
}

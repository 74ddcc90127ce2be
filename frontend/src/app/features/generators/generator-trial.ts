import { Component, computed, input, linkedSignal, output, resource } from '@angular/core';
import { checkGenerator, type GeneratorCheck, type GeneratorVerdict } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { DirectionChip } from '@shared/direction-chip';
import { ErrorState } from '@shared/error-state';
import { Icon } from '@shared/icon';
import { SkeletonRows } from '@shared/skeleton';
import { SymbolPicker } from '@shared/symbol-picker/symbol-picker';
import { Time } from '@shared/time';
import {
  figuresInWords,
  type GeneratorDraft,
  touchedProblems,
  verdictInWords,
} from './generator-draft';

const PAUSE_MS = 500;
const FALLBACK = 'AAPL';

/** What the settings would have sent on stored prices, worked out anew after each change. */
@Component({
  selector: 'k-generator-trial',
  imports: [DirectionChip, ErrorState, Icon, SkeletonRows, SymbolPicker, Time],
  template: `
    <header>
      <h2>Try it</h2>
      <k-symbol-picker
        label="Symbol to try it on"
        [value]="symbol()"
        (valueChange)="symbol.set($event)"
      />
    </header>
    @if (error(); as error) {
      <k-error-state [error]="error" (retry)="trial.reload()" />
    } @else if (answer(); as answer) {
      @if (answer.problems.length && !problems().length) {
        <p class="sum k-muted">Fill in the settings to see what they would have sent.</p>
      } @else if (problems().length) {
        <ul class="problems" aria-label="Problems">
          @for (problem of problems(); track $index) {
            <li>
              <k-icon name="error" [size]="18" />
              <span
                >{{ problem.message }} <span class="k-muted">{{ problem.remedy }}</span></span
              >
            </li>
          }
        </ul>
      } @else {
        <p class="sum" role="status" [class.stale]="trial.isLoading()">
          {{ words(answer.recent.length, answer.bars) }}
        </p>
        <ol tabindex="0" aria-label="Signals it would have sent">
          @for (item of answer.recent; track item.at) {
            <li>
              <k-time [at]="item.at" />
              <k-direction-chip [direction]="item.signal" [confidence]="item.confidence" />
              <span class="k-muted figures">{{ figures(item.metadata) }}</span>
            </li>
          }
        </ol>
      }
    } @else {
      <k-skeleton-rows [rows]="6" />
    }
  `,
  styles: `
    :host {
      display: block;
      font-size: 13px;
    }
    header {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 12px;
      padding: 12px 16px;
    }
    k-symbol-picker {
      width: 150px;
    }
    .sum {
      padding: 0 16px 12px;
    }
    .stale {
      opacity: 0.6;
    }
    ol,
    ul {
      max-height: 480px;
      margin: 0;
      padding: 0;
      overflow-y: auto;
      list-style: none;
    }
    ol li {
      display: grid;
      grid-template-columns: 150px auto minmax(0, 1fr);
      align-items: center;
      gap: 4px 12px;
      padding: 8px 16px;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    .figures {
      overflow-wrap: anywhere;
      font-size: 12px;
      line-height: 16px;
    }
    .problems {
      padding: 0 16px 16px;
    }
    .problems li {
      display: flex;
      gap: 8px;
      padding: 6px 0;
    }
    .problems k-icon {
      color: var(--k-failed);
    }
    k-error-state {
      margin: 0 16px 16px;
    }
    @media (max-width: 700px) {
      ol li {
        grid-template-columns: 1fr auto;
      }
      .figures {
        grid-column: 1 / -1;
      }
    }
  `,
})
export class GeneratorTrial {
  readonly draft = input.required<GeneratorDraft>();
  readonly judged = output<GeneratorVerdict>();

  protected readonly symbol = linkedSignal(() => this.draft().symbols[0] ?? FALLBACK);
  protected readonly words = verdictInWords;
  protected readonly figures = figuresInWords;
  private readonly asked = computed(
    () => {
      const { kind, config, timeframe } = this.draft();
      return { kind, config: { ...config }, symbol: this.symbol(), timeframe } as GeneratorCheck;
    },
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  protected readonly trial = resource({
    params: () => (this.symbol() ? this.asked() : undefined),
    loader: async ({ params: body, abortSignal }) => {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      abortSignal.throwIfAborted();
      const verdict = await unwrap(checkGenerator({ body }));
      this.judged.emit(verdict);
      return verdict;
    },
  });
  /** Stays on show until the next answer is there. */
  protected readonly answer = linkedSignal<GeneratorVerdict | null, GeneratorVerdict | null>({
    source: () => (this.trial.hasValue() ? this.trial.value() : null),
    computation: (found, before) => found ?? before?.value ?? null,
  });
  protected readonly problems = computed(() =>
    touchedProblems(this.answer()?.problems ?? [], this.draft().config),
  );
  protected readonly error = computed(() => {
    const error = this.trial.error();
    return error ? toProblemError(error) : null;
  });
}

import { Component, computed, effect, inject, input, resource } from '@angular/core';
import { getSignal } from '@core/api';
import { toProblemError } from '@core/http/problem-error';
import { unwrap } from '@core/http/unwrap';
import { PageContext } from '@core/page/page-context';
import { SignalTypes } from '@core/signals/signal-types';
import { PageError } from '@shared/page-error';
import { SkeletonRows } from '@shared/skeleton';
import { SignalDetail } from './signal-detail';
import { resultInWords } from './result-words';

/** One signal and what came of it, at an address of its own. */
@Component({
  selector: 'k-signal-page',
  imports: [PageError, SkeletonRows, SignalDetail],
  template: `
    <div class="k-page">
      @if (error(); as error) {
        <h1 class="k-sr-only">Signal</h1>
        <k-page-error what="signal" list="/signals" [error]="error" (retry)="signal.reload()" />
      } @else if (signal.hasValue()) {
        <h1>{{ types.nameOf(signal.value().signal_type) }}</h1>
        <p class="k-muted">From {{ signal.value().source }}. {{ result() }}.</p>
        <div class="k-card"><k-signal-detail [signal]="signal.value()" /></div>
      } @else {
        <h1 class="k-sr-only">Signal</h1>
        <div class="k-card"><k-skeleton-rows [rows]="4" /></div>
      }
    </div>
  `,
  styles: `
    .k-card {
      margin-top: 16px;
      padding: 20px;
    }
  `,
})
export class SignalPage {
  private readonly page = inject(PageContext);
  protected readonly types = inject(SignalTypes);

  readonly id = input.required<string>();

  protected readonly signal = resource({
    params: () => this.id(),
    loader: ({ params: signal_id }) => unwrap(getSignal({ path: { signal_id } })),
  });
  protected readonly error = computed(() => {
    const error = this.signal.error();
    return error ? toProblemError(error) : null;
  });
  protected readonly result = computed(() =>
    this.signal.hasValue() ? resultInWords(this.signal.value()) : '',
  );

  constructor() {
    effect(() => {
      const name = this.signal.hasValue()
        ? this.types.nameOf(this.signal.value().signal_type)
        : 'Signal';
      this.page.show([{ label: 'Signals', link: '/signals' }, { label: name }]);
    });
  }
}

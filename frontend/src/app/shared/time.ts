import { Component, computed, input } from '@angular/core';
import { formatAgo, formatDateTime, formatExact } from './format/times';

/** A moment: readable on the page, exact with its zone on hover. */
@Component({
  selector: 'k-time',
  template: `<time [attr.datetime]="at()" [title]="exact()">{{ text() }}</time>`,
})
export class Time {
  /** ISO 8601, or null for a dash. */
  readonly at = input.required<string | null | undefined>();
  /** `ago` for "3 min ago", else date and time. */
  readonly show = input<'ago' | 'full'>('full');

  protected readonly text = computed(() =>
    this.show() === 'ago' ? formatAgo(this.at()) : formatDateTime(this.at()),
  );
  protected readonly exact = computed(() => {
    const at = this.at();
    return at ? formatExact(at) : '';
  });
}

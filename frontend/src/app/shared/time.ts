import { Component, computed, inject, input } from '@angular/core';
import { formatAgo, formatClock, formatDateTime, formatExact } from './format/times';
import { Ticking } from './ticking';

/** A moment: readable on the page, exact with its zone on hover. */
@Component({
  selector: 'k-time',
  template: `<time [attr.datetime]="at()" [title]="exact()">{{ text() }}</time>`,
})
export class Time {
  /** ISO 8601, or null for a dash. */
  readonly at = input.required<string | null | undefined>();
  /** `ago` for "3 min ago", `clock` for the time of day, else date and time. */
  readonly show = input<'ago' | 'clock' | 'full'>('full');

  private readonly ticking = inject(Ticking);

  protected readonly text = computed(() => {
    switch (this.show()) {
      case 'ago':
        return formatAgo(this.at(), this.ticking.nowMs());
      case 'clock':
        return formatClock(this.at(), this.ticking.nowMs());
      default:
        return formatDateTime(this.at());
    }
  });
  protected readonly exact = computed(() => {
    const at = this.at();
    return at ? formatExact(at) : '';
  });
}

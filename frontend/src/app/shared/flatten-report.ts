import { Component, computed, input } from '@angular/core';
import { formatPrice, formatQuantity } from './format/numbers';
import { Icon } from './icon';

/** What became of one position of a flattening. */
interface Flattened {
  readonly position_id: string;
  readonly symbol: string;
  readonly quantity: string;
  readonly outcome: 'closed' | 'never_opened' | 'waits' | 'failed';
  readonly price: string | null;
  readonly text: string;
}

export interface FlattenReportInfo {
  readonly status: 'done' | 'working' | 'unknown';
  readonly text: string;
  readonly items: readonly Flattened[];
}

const ICONS: Readonly<Record<Flattened['outcome'], string>> = {
  closed: 'check_circle',
  never_opened: 'do_not_disturb_on',
  waits: 'hourglass_top',
  failed: 'error',
};

/** What a flattening closed, what waits, and why. */
@Component({
  selector: 'k-flatten-report',
  imports: [Icon],
  template: `
    <p class="sum" role="status" [class.unknown]="report().status === 'unknown'">
      <k-icon [name]="icon()" [size]="18" [class.turning]="report().status === 'working'" />{{
        report().text
      }}
    </p>
    @if (report().items.length) {
      <ul>
        @for (one of report().items; track one.position_id) {
          <li [class]="one.outcome">
            <k-icon [name]="icons[one.outcome]" [size]="18" />
            <b>{{ one.symbol }}</b>
            <span class="text">{{ words(one) }}</span>
          </li>
        }
      </ul>
    }
  `,
  styles: `
    :host {
      display: block;
      color: var(--mat-sys-on-surface);
      font-size: 13px;
    }
    .sum {
      display: flex;
      align-items: center;
      gap: 8px;
      font-weight: 500;
    }
    .unknown {
      color: var(--k-failed);
    }
    .turning {
      animation: k-turn 1.2s linear infinite;
    }
    @keyframes k-turn {
      to {
        transform: rotate(360deg);
      }
    }
    ul {
      max-height: 320px;
      margin: 8px 0 0;
      padding: 0;
      overflow: auto;
      list-style: none;
    }
    li {
      display: flex;
      gap: 8px;
      padding: 6px 0;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    .text {
      min-width: 0;
      overflow-wrap: anywhere;
    }
    .closed k-icon {
      color: var(--k-done);
    }
    .waits k-icon {
      color: var(--k-warning);
    }
    .failed k-icon {
      color: var(--k-failed);
    }
  `,
})
export class FlattenReportView {
  readonly report = input.required<FlattenReportInfo>();

  protected readonly icons = ICONS;
  protected readonly icon = computed(
    () =>
      ({ done: 'check_circle', working: 'progress_activity', unknown: 'help' })[
        this.report().status
      ],
  );

  protected words({ outcome, price, quantity, text }: Flattened): string {
    if (text) return text;
    if (outcome === 'closed') return `closed at ${formatPrice(price)}`;
    if (outcome === 'never_opened') return 'its entry was taken back';
    return `${formatQuantity(quantity)} still held`;
  }
}

import { Component, computed, input } from '@angular/core';
import { formatPercentChange } from './format/numbers';

/** How a price has moved, in per cent: arrow, sign and colour together; a dash when not known. */
@Component({
  selector: 'k-change',
  template: `
    @if (arrow(); as arrow) {
      <span aria-hidden="true">{{ arrow }}</span>
    }
    {{ text() }}
  `,
  host: { '[class]': 'way()', '[title]': 'hint()' },
  styles: `
    :host {
      white-space: nowrap;
      font-variant-numeric: tabular-nums;
    }
    :host(.up) {
      color: var(--k-gain);
    }
    :host(.down) {
      color: var(--k-loss);
    }
    :host(.none) {
      color: var(--mat-sys-on-surface-variant);
    }
    span {
      font-size: 0.8em;
    }
  `,
})
export class Change {
  readonly percent = input.required<number | null | undefined>();

  protected readonly way = computed(() => {
    const percent = this.percent() ?? 0;
    return percent > 0 ? 'up' : percent < 0 ? 'down' : 'none';
  });
  protected readonly arrow = computed(() => ({ up: '▲', down: '▼', none: '' })[this.way()]);
  protected readonly text = computed(() => {
    const percent = this.percent();
    return formatPercentChange(percent === null || percent === undefined ? null : percent / 100);
  });
  protected readonly hint = computed(() =>
    this.percent() === null || this.percent() === undefined
      ? 'The close before is not known.'
      : 'Since the previous close.',
  );
}

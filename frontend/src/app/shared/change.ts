import { Component, computed, input } from '@angular/core';
import { formatPercentChange } from './format/numbers';
import { ARROWS, SIGNED_STYLES, wayOf } from './signed';

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
  styles: SIGNED_STYLES,
})
export class Change {
  readonly percent = input.required<number | null | undefined>();

  protected readonly way = computed(() => wayOf(this.percent() ?? 0));
  protected readonly arrow = computed(() => ARROWS[this.way()]);
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

import { Component, input, output } from '@angular/core';

/** One thing that a list can be narrowed to. */
export interface FilterOption<T> {
  readonly value: T;
  readonly label: string;
}

/** Chips of which one or none is chosen; choosing what is chosen takes it off. */
@Component({
  selector: 'k-filter-chips',
  template: `
    @for (option of options(); track option.value) {
      <button
        type="button"
        class="k-filter"
        [attr.aria-pressed]="value() === option.value"
        (click)="chosen.emit(value() === option.value ? null : option.value)"
      >
        {{ option.label }}
      </button>
    }
  `,
  host: { role: 'group', '[attr.aria-label]': 'label()' },
  styles: `
    /* What does not fit is scrolled to; the ring of the focus is not cut off. */
    :host {
      display: flex;
      gap: 6px;
      min-width: 0;
      max-width: calc(100% + 8px);
      margin: -4px;
      padding: 4px;
      overflow-x: auto;
      scrollbar-width: none;
    }
    .k-filter {
      flex: none;
    }
  `,
})
export class FilterChips<T> {
  /** What the chips choose, for those who do not see them. */
  readonly label = input.required<string>();
  readonly options = input.required<readonly FilterOption<T>[]>();
  readonly value = input.required<T | null>();
  readonly chosen = output<T | null>();
}

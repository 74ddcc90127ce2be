import { Component, input } from '@angular/core';

/** A Material Symbol by name. Decorative: the label belongs to the control around it. */
@Component({
  selector: 'k-icon',
  template: `{{ name() }}`,
  host: { 'aria-hidden': 'true', '[style.font-size.px]': 'size()' },
  styles: `
    :host {
      display: inline-block;
      flex: none;
      width: 1em;
      height: 1em;
      overflow: hidden;
      font-family: 'Material Symbols Outlined';
      font-feature-settings: 'liga';
      font-size: 20px;
      font-weight: 400;
      line-height: 1;
      white-space: nowrap;
      user-select: none;
    }
  `,
})
export class Icon {
  readonly name = input.required<string>();
  /** Edge length in px. */
  readonly size = input(20);
}

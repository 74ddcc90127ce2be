import { Component, input } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { Icon } from './icon';

/** Opens a row of a table, or closes it: for keyboards, the row itself takes the click. */
@Component({
  selector: 'k-row-toggle',
  imports: [MatIconButton, Icon],
  template: `
    <button matIconButton type="button" [attr.aria-expanded]="open()" [attr.aria-label]="label()">
      <k-icon [name]="open() ? 'expand_less' : 'expand_more'" />
    </button>
  `,
})
export class RowToggle {
  readonly open = input.required<boolean>();
  /** What it opens, for those who do not see the row. */
  readonly label = input.required<string>();
}

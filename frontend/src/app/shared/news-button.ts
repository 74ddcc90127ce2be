import { Component, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Icon } from './icon';

/** Stays in view over a list and says how many rows wait above it; nothing while none do. */
@Component({
  selector: 'k-news-button',
  imports: [MatButton, Icon],
  template: `
    @if (count(); as count) {
      <button matButton="filled" type="button" (click)="shown.emit()">
        <k-icon name="arrow_upward" [size]="16" />
        {{ count }} new {{ what() }}{{ count === 1 ? '' : 's' }}
      </button>
    }
  `,
  styles: `
    :host {
      position: sticky;
      z-index: 2;
      top: var(--k-news-top, 12px);
      display: flex;
      justify-content: center;
      height: 0;
    }
    button {
      translate: 0 -8px;
      box-shadow: 0 2px 8px rgb(15 23 42 / 20%);
    }
  `,
})
export class NewsButton {
  readonly count = input.required<number>();
  /** What waits, in the singular. */
  readonly what = input.required<string>();
  readonly shown = output();
}

import { Component, input, signal } from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { Icon } from './icon';

/** Reads a list again, and says when that is done. */
@Component({
  selector: 'k-refresh-button',
  imports: [MatIconButton, Icon],
  template: `
    <button
      matIconButton
      type="button"
      [title]="'Refresh ' + what()"
      [attr.aria-label]="'Refresh ' + what()"
      [attr.aria-disabled]="busy() || null"
      (click)="start()"
    >
      <k-icon name="refresh" [class.busy]="busy()" />
    </button>
    <span class="k-sr-only" role="status">{{ said() }}</span>
  `,
  styles: `
    button {
      color: var(--mat-sys-on-surface-variant);
    }
    .busy {
      animation: turn 900ms linear infinite;
    }
    @keyframes turn {
      to {
        rotate: 360deg;
      }
    }
  `,
})
export class RefreshButton {
  /** What is read again, as in "Refresh events". */
  readonly what = input.required<string>();
  /** May resolve to false when it was not done; the list then says why. */
  readonly refresh = input.required<() => Promise<unknown>>();

  protected readonly busy = signal(false);
  protected readonly said = signal('');

  protected async start(): Promise<void> {
    if (this.busy()) return;
    this.said.set('');
    this.busy.set(true);
    try {
      const done = await this.refresh()();
      if (done !== false) this.said.set('Read again');
    } finally {
      this.busy.set(false);
    }
  }
}

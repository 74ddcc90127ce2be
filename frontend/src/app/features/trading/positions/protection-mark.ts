import { Component, computed, input } from '@angular/core';
import { protectionOf } from '@core/trading/position-words';
import type { PositionOut } from '@core/api';
import { Icon } from '@shared/icon';

/** What protects a position: a warning when it is nothing. */
@Component({
  selector: 'k-protection-mark',
  imports: [Icon],
  template: `
    @if (protection(); as found) {
      <span [class.warns]="found.warns" [title]="found.note">
        <k-icon [name]="found.icon" [size]="16" />{{ found.label }}
      </span>
    } @else {
      –
    }
  `,
  styles: `
    span {
      display: inline-flex;
      align-items: center;
      gap: 4px;
      vertical-align: middle;
    }
    k-icon {
      color: var(--mat-sys-on-surface-variant);
    }
    .warns,
    .warns k-icon {
      color: var(--k-failed);
    }
    .warns {
      font-weight: 500;
    }
  `,
})
export class ProtectionMark {
  readonly position = input.required<PositionOut>();
  protected readonly protection = computed(() => protectionOf(this.position()));
}

import { Component, computed, input } from '@angular/core';

/** A grey bar in the place of something that is loading. */
@Component({
  selector: 'k-skeleton',
  template: ``,
  host: { 'aria-hidden': 'true', '[style.width]': 'width()', '[style.height.px]': 'height()' },
  styles: `
    :host {
      display: block;
      border-radius: 4px;
      background: var(--mat-sys-surface-container-high);
      animation: k-pulse 1.4s ease-in-out infinite;
    }
    @keyframes k-pulse {
      50% {
        opacity: 0.5;
      }
    }
  `,
})
export class Skeleton {
  /** Any CSS width. */
  readonly width = input('100%');
  /** Height in px. */
  readonly height = input(14);
}

/** Rows of a table that is loading, as tall as the real ones. */
@Component({
  selector: 'k-skeleton-rows',
  imports: [Skeleton],
  template: `
    @for (row of indices(); track row) {
      <div class="row">
        <k-skeleton [width]="row % 2 ? '38%' : '30%'" />
        <k-skeleton width="80px" />
        <k-skeleton width="120px" />
      </div>
    }
    <span class="k-sr-only" role="status">Loading</span>
  `,
  styles: `
    .row {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 24px;
      height: 45px;
      padding: 0 12px;
      border-bottom: 1px solid var(--mat-sys-outline-variant);
    }
    .row:last-of-type {
      border-bottom: 0;
    }
  `,
})
export class SkeletonRows {
  readonly rows = input(8);
  protected readonly indices = computed(() => Array.from({ length: this.rows() }, (_, i) => i));
}

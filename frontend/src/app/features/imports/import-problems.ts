import { Component, computed, input, signal } from '@angular/core';
import type { ImportProblem } from '@core/api';
import { Icon } from '@shared/icon';

const SHOWN = 5;

/** Why a file is refused: where, what, and what to do about it. */
@Component({
  selector: 'k-import-problems',
  imports: [Icon],
  template: `
    <h3><k-icon name="warning" [size]="18" />{{ title() }}</h3>
    <ul>
      @for (item of shown(); track $index) {
        <li>
          <span class="where">{{ whereOf(item) }}</span>
          <span class="what">
            <b>{{ item.message }}</b>
            <span>{{ item.remedy }}</span>
          </span>
        </li>
      }
    </ul>
    @if (hidden(); as count) {
      <button type="button" class="k-filter" (click)="all.set(true)">Show {{ count }} more</button>
    }
  `,
  host: { role: 'alert' },
  styles: `
    :host {
      display: block;
      padding: 12px 16px;
      border: 1px solid color-mix(in oklab, var(--k-warning) 45%, transparent);
      border-radius: 8px;
      background: color-mix(in oklab, var(--k-warning) 6%, transparent);
    }
    h3 {
      display: flex;
      align-items: center;
      gap: 8px;
    }
    k-icon {
      color: var(--k-warning);
    }
    ul {
      margin: 8px 0 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: grid;
      grid-template-columns: 132px minmax(0, 1fr);
      gap: 12px;
      padding: 8px 0;
      border-top: 1px solid color-mix(in oklab, var(--k-warning) 22%, transparent);
      font-size: 13px;
      overflow-wrap: anywhere;
    }
    .where {
      color: var(--mat-sys-on-surface-variant);
    }
    .what {
      display: grid;
      gap: 2px;
    }
    b {
      font-weight: 500;
    }
    button {
      margin-top: 8px;
    }
    @media (max-width: 700px) {
      li {
        grid-template-columns: minmax(0, 1fr);
        gap: 2px;
      }
    }
  `,
})
export class ImportProblems {
  readonly problems = input.required<readonly ImportProblem[]>();

  protected readonly all = signal(false);
  protected readonly title = computed(() => {
    const count = this.problems().length;
    return count === 1 ? 'One thing to put right' : `${count} things to put right`;
  });
  protected readonly shown = computed(() =>
    this.all() ? this.problems() : this.problems().slice(0, SHOWN),
  );
  protected readonly hidden = computed(() => this.problems().length - this.shown().length);

  /** `Line 3, close`. */
  protected whereOf({ line, field }: ImportProblem): string {
    const places = [line ? `line ${line.toLocaleString('en-US')}` : '', field ?? ''];
    const words = places.filter((place) => place).join(', ') || 'the whole file';
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
}

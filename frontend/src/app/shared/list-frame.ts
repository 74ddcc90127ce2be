import { Component, input } from '@angular/core';
import { type ErrorInfo, ErrorState } from './error-state';
import { LoadMore } from './load-more';
import { SkeletonRows } from './skeleton';

/** A list that is read page by page. */
interface List {
  items(): readonly unknown[];
  error(): ErrorInfo | null;
  loadingFirst(): boolean;
  reload(): Promise<void>;
  hasMore(): boolean;
  loadingMore(): boolean;
  moreError(): { readonly detail: string } | null;
  more(): Promise<void>;
}

/**
 * The four states of a page's list: its rows (projected), what is projected as `empty`, a skeleton
 * while it loads, or why it could not be read. Under it the way to the next page.
 */
@Component({
  selector: 'k-list-frame',
  imports: [ErrorState, LoadMore, SkeletonRows],
  template: `
    <div class="k-card">
      @if (list().error(); as error) {
        <k-error-state [error]="error" (retry)="list().reload()" />
      } @else if (list().items().length) {
        <ng-content />
      } @else if (list().loadingFirst()) {
        <k-skeleton-rows [rows]="rows()" />
      } @else {
        <ng-content select="[empty]" />
      }
    </div>
    <k-load-more [list]="list()" />
  `,
  styles: `
    :host {
      display: block;
    }
    k-error-state {
      margin: 16px;
    }
  `,
})
export class ListFrame {
  readonly list = input.required<List>();
  /** How many rows the skeleton has. */
  readonly rows = input(8);
}

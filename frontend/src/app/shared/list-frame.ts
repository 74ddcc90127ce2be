import { Component, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { EmptyState } from './empty-state';
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
 * while it loads, or why it could not be read, above the rows when it has some. Under it the way to
 * the next page. A list that its filters leave empty offers to clear them.
 */
@Component({
  selector: 'k-list-frame',
  imports: [MatButton, EmptyState, ErrorState, LoadMore, SkeletonRows],
  template: `
    <div class="k-card">
      @let error = list().error();
      @if (error) {
        <k-error-state [error]="error" (retry)="list().reload()" />
      }
      @if (list().items().length) {
        <ng-content />
      } @else if (error) {
        <!-- Nothing but the error. -->
      } @else if (list().loadingFirst()) {
        <k-skeleton-rows [rows]="rows()" />
      } @else if (list().hasMore()) {
        <k-empty-state
          icon="search"
          title="Nothing found yet"
          text="There is more to look through: load more to go on."
        />
      } @else if (filtered()) {
        <k-empty-state icon="filter_alt_off" [title]="'No ' + what() + ' matches'">
          <button matButton="outlined" type="button" (click)="cleared.emit()">Clear filters</button>
        </k-empty-state>
      } @else {
        <ng-content select="[empty]" />
      }
    </div>
    @if (list().items().length || !list().error()) {
      <k-load-more [list]="list()" />
    }
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
  /** Whether filters leave something out. */
  readonly filtered = input(false);
  /** What a row is, in the singular. */
  readonly what = input('row');
  /** The filters shall be cleared. */
  readonly cleared = output();
}

import { Component, computed, input, output } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { EmptyState } from './empty-state';
import { type ErrorInfo, ErrorState } from './error-state';

const NOT_FOUND = 404;

/**
 * The one thing that a page is about could not be read. Where there is no such thing, trying again
 * cannot help: it leads back to the list of those that there are.
 */
@Component({
  selector: 'k-page-error',
  imports: [RouterLink, MatButton, EmptyState, ErrorState],
  template: `
    @if (missing()) {
      <k-empty-state
        icon="search_off"
        role="alert"
        [title]="'There is no such ' + what()"
        text="It may have been deleted, or the address is wrong."
      >
        <a matButton="filled" [routerLink]="list()">All {{ what() }}s</a>
      </k-empty-state>
    } @else {
      <k-error-state [error]="error()" (retry)="retry.emit()" />
    }
  `,
})
export class PageError {
  readonly error = input.required<ErrorInfo & { readonly status: number }>();
  /** What the page is about, in the singular. */
  readonly what = input.required<string>();
  /** The address of the list of all of them. */
  readonly list = input.required<string>();
  readonly retry = output();

  protected readonly missing = computed(() => this.error().status === NOT_FOUND);
}

import { Component, computed, input } from '@angular/core';
import { MatButton } from '@angular/material/button';

/** A list that is read page by page. */
interface Pages {
  hasMore(): boolean;
  loadingMore(): boolean;
  moreError(): { readonly detail: string } | null;
  more(): Promise<void>;
}

/** The end of a list that is read page by page: nothing, or a button for the next page. */
@Component({
  selector: 'k-load-more',
  imports: [MatButton],
  template: `
    @if (list().hasMore()) {
      @if (list().moreError(); as error) {
        <p role="alert">The next ones could not be read. {{ error.detail }}</p>
      }
      <button
        matButton="outlined"
        type="button"
        [disabled]="list().loadingMore()"
        (click)="list().more()"
      >
        {{ label() }}
      </button>
    }
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      align-items: center;
      gap: 8px;
    }
    button {
      margin-top: 16px;
    }
    p {
      margin: 16px 0 0;
      color: var(--mat-sys-error);
      font-size: 13px;
    }
    p + button {
      margin-top: 0;
    }
  `,
})
export class LoadMore {
  readonly list = input.required<Pages>();

  protected readonly label = computed(() => {
    if (this.list().loadingMore()) return 'Loading';
    return this.list().moreError() ? 'Try again' : 'Load more';
  });
}

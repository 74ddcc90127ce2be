import { Component } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';
import { EmptyState } from '@shared/empty-state';

@Component({
  selector: 'k-not-found-page',
  imports: [RouterLink, MatButton, EmptyState],
  template: `
    <h1 class="k-sr-only">Page not found</h1>
    <k-empty-state
      icon="explore_off"
      title="There is no page at this address"
      text="It may have been deleted, or the link is wrong."
    >
      <a matButton="filled" routerLink="/">Go to Home</a>
    </k-empty-state>
  `,
})
export class NotFoundPage {}

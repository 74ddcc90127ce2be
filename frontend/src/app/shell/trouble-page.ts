import { Component, computed, inject, type Signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { NavigationTrouble, type Trouble } from '@core/page/navigation-trouble';
import { EmptyState } from '@shared/empty-state';

interface Words {
  readonly icon: string;
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

const WORDS: Readonly<Record<Trouble['kind'], Words>> = {
  away: {
    icon: 'cloud_off',
    title: 'Kuber cannot be reached',
    text: 'The page could not be opened because the server does not answer. It opens by itself once the server is back.',
    action: 'Retry',
  },
  refused: {
    icon: 'error',
    title: 'The page could not be opened',
    text: 'The server could not answer just now. Retry in a moment.',
    action: 'Retry',
  },
  updated: {
    icon: 'update',
    title: 'Kuber was updated',
    text: 'This tab still runs the version before. Reload to go on with the new one.',
    action: 'Reload',
  },
  broken: {
    icon: 'error',
    title: 'The page could not be opened',
    text: 'Something went wrong in the browser. Reload the page, and report it with the time if it happens again.',
    action: 'Reload',
  },
};

/** In the place of a page that could not be opened: why, and what to do. */
@Component({
  selector: 'k-trouble-page',
  imports: [MatButton, EmptyState],
  template: `
    @if (words(); as words) {
      <k-empty-state role="alert" [icon]="words.icon" [title]="words.title" [text]="words.text">
        <button matButton="filled" type="button" (click)="trouble.retry()">
          {{ words.action }}
        </button>
        @if (stayable()) {
          <button matButton="outlined" type="button" (click)="trouble.stay()">
            Back to the page before
          </button>
        }
      </k-empty-state>
    }
  `,
  styles: `
    :host {
      display: block;
      padding-top: 8vh;
    }
  `,
})
export class TroublePage {
  protected readonly trouble = inject(NavigationTrouble);
  protected readonly words: Signal<Words | null> = computed(() => {
    const shown = this.trouble.shown();
    return shown && WORDS[shown.kind];
  });
  /** There is a page below to go back to. */
  protected readonly stayable = this.trouble.hasPage;
}

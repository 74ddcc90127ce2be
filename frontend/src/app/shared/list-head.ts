import { booleanAttribute, Component, input } from '@angular/core';
import { zoneInWords } from './format/times';

/**
 * What stands over a list: its title for those who do not see the top bar, a hint, its filters
 * (projected), and at the end what can be done with the list as a whole (projected as `actions`).
 */
@Component({
  selector: 'k-list-head',
  template: `
    <h1 class="k-sr-only">{{ title() }}</h1>
    @if (hint() || times()) {
      <p class="k-muted">
        {{ hint() }}
        @if (times()) {
          <span class="zone">Times are in {{ zone }}.</span>
        }
      </p>
    }
    <div class="about"><ng-content select="[about]" /></div>
    <div class="filters"><ng-content /></div>
    <div class="actions"><ng-content select="[actions]" /></div>
  `,
  styles: `
    :host {
      display: flex;
      flex-wrap: wrap;
      align-items: flex-start;
      gap: 12px 16px;
      margin-bottom: 16px;
    }
    p,
    .about {
      flex: 1 0 100%;
      font-size: 13px;
    }
    .filters {
      display: flex;
      flex: 1;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px 12px;
      min-width: min(100%, 240px);
    }
    .actions {
      display: flex;
      align-items: center;
      gap: 8px;
      min-height: 36px;
      margin-left: auto;
    }
    :is(.about, .filters, .actions):empty {
      display: none;
    }
    /* Without filters the hint and the actions share a line. */
    :host:has(> .filters:empty) p {
      flex: 1;
      align-self: center;
    }
  `,
})
export class ListHead {
  readonly title = input.required<string>();
  readonly hint = input<string>();
  /** The list tells moments: their zone is named. */
  readonly times = input(false, { transform: booleanAttribute });

  protected readonly zone = zoneInWords();
}

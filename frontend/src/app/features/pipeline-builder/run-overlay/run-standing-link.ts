import { Component, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { runStanding } from '@core/trading/run-standing';
import { Icon } from '@shared/icon';

/** How the trade of a run of the present stands now, with the way to its position. */
@Component({
  selector: 'k-run-standing-link',
  imports: [Icon, RouterLink],
  template: `
    @if (standing(); as now) {
      <span role="status" [title]="now.text">
        <k-icon [name]="now.icon" [size]="16" />
        @if (now.positionId) {
          <a [routerLink]="['/positions', now.positionId]">{{ now.text }}</a>
        } @else {
          {{ now.text }}
        }
      </span>
    }
  `,
  styles: `
    span {
      display: inline-flex;
      align-items: center;
      gap: 6px;
      max-width: 420px;
      font-size: 13px;
    }
  `,
})
export class RunStandingLink {
  readonly run = input.required<{ readonly id: string; readonly symbol: string }>();
  protected readonly standing = runStanding(this.run);
}

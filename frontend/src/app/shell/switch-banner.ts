import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { scopeInWords, SWITCH_LOOKS } from '@core/trading/switch-words';
import { Switches } from '@core/trading/switches';
import { Icon } from '@shared/icon';

/** On every page while a switch is on: which, why, and the way to it. */
@Component({
  selector: 'k-switch-banner',
  imports: [Icon, RouterLink],
  template: `
    @if (first(); as one) {
      <div role="status" [class.stopped]="one.state === 'halted'">
        <k-icon [name]="looks[one.state].icon" [size]="18" />
        <span class="k-ellipsis"
          ><b>{{ looks[one.state].label }}:</b> {{ words() }}</span
        >
        <a routerLink="/switches">Switches</a>
      </div>
    }
  `,
  styles: `
    div {
      display: flex;
      align-items: center;
      gap: 10px;
      min-height: 36px;
      padding: 4px 24px;
      border-bottom: 1px solid color-mix(in oklab, var(--k-warning) 40%, transparent);
      background: color-mix(in oklab, var(--k-warning) 12%, var(--mat-sys-surface));
      font-size: 13px;
    }
    .stopped {
      border-color: color-mix(in oklab, var(--k-failed) 40%, transparent);
      background: color-mix(in oklab, var(--k-failed) 12%, var(--mat-sys-surface));
    }
    k-icon {
      color: var(--k-warning);
    }
    .stopped k-icon {
      color: var(--k-failed);
    }
    span {
      flex: 1;
    }
    a {
      color: inherit;
      text-decoration: underline;
    }
    @media (max-width: 700px) {
      div {
        padding: 4px 12px;
      }
    }
  `,
})
export class SwitchBanner {
  private readonly switches = inject(Switches);
  protected readonly looks = SWITCH_LOOKS;
  protected readonly first = computed(() => this.switches.on()[0] ?? null);
  protected readonly words = computed(() => {
    const on = this.switches.on();
    const [first] = on;
    if (!first) return '';
    const more = on.length > 1 ? ` And ${on.length - 1} more.` : '';
    return `${scopeInWords(first)}. ${first.reason}${more}`;
  });
}

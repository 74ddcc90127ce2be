import { Component, computed, inject, input, linkedSignal, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatButtonToggleModule } from '@angular/material/button-toggle';
import type { SwitchOut } from '@core/api';
import { Attempt } from '@core/http/attempt';
import {
  scopeInWords,
  SWITCH_LOOKS,
  SWITCH_STATES,
  type SwitchState,
} from '@core/trading/switch-words';
import { Switches } from '@core/trading/switches';
import { ErrorState } from '@shared/error-state';
import { FlattenReportView } from '@shared/flatten-report';
import { Icon } from '@shared/icon';
import { Time } from '@shared/time';

/** One switch: how it stands, since when and why, and what it can be set to. */
@Component({
  selector: 'k-switch-card',
  imports: [ErrorState, FlattenReportView, Icon, MatButton, MatButtonToggleModule, Time],
  template: `
    <div class="head">
      <h2 class="k-ellipsis" [title]="title()">{{ title() }}</h2>
      <span class="state" [class.on]="of().state !== 'off'">
        <k-icon [name]="looks[of().state].icon" [size]="18" />{{ looks[of().state].label }}
      </span>
    </div>
    <p class="k-muted">{{ looks[of().state].means }}</p>
    @if (of().state !== 'off') {
      <p class="why">
        “{{ of().reason }}”
        <span class="k-muted">
          {{ of().set_by }}<ng-container>, </ng-container><k-time [at]="of().set_at" show="ago" />
        </span>
      </p>
    }
    @if (settable()) {
      <form (submit)="$event.preventDefault(); save()">
        <mat-button-toggle-group
          hideSingleSelectionIndicator
          [attr.aria-label]="'State of ' + title()"
          [value]="wanted()"
          (change)="wanted.set($event.value)"
        >
          @for (state of states; track state) {
            <mat-button-toggle [value]="state">{{ looks[state].label }}</mat-button-toggle>
          }
        </mat-button-toggle-group>
        @if (wanted() !== of().state) {
          <p class="k-muted means">{{ looks[wanted()].means }}</p>
          <div class="reason">
            <input
              #box
              class="k-input"
              maxlength="500"
              placeholder="Why, for the record"
              [attr.aria-label]="'Why ' + title() + ' is switched'"
              [value]="reason()"
              (input)="reason.set(box.value)"
            />
            <button
              matButton="filled"
              type="submit"
              [class.k-danger]="wanted() !== 'off'"
              [disabled]="!reason().trim() || attempt.busy()"
            >
              {{
                wanted() === 'off' ? 'Trade again' : 'Set ' + looks[wanted()].label.toLowerCase()
              }}
            </button>
            <button matButton type="button" (click)="wanted.set(of().state)">Keep</button>
          </div>
        }
      </form>
    }
    @if (attempt.problem(); as error) {
      <k-error-state [error]="error" [retryable]="false" />
    }
    @if (of().report; as report) {
      <k-flatten-report [report]="report" />
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 8px;
      padding: 14px 16px;
      font-size: 13px;
    }
    .head {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 16px;
    }
    .state {
      display: inline-flex;
      flex: none;
      align-items: center;
      gap: 6px;
      color: var(--k-done);
      font-weight: 500;
    }
    .on {
      color: var(--k-failed);
    }
    .why {
      overflow-wrap: anywhere;
    }
    mat-button-toggle-group {
      flex-wrap: wrap;
      max-width: 100%;
    }
    .means {
      margin-top: 8px;
    }
    .reason {
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
      margin-top: 8px;
    }
    .reason input {
      flex: 1 1 220px;
    }
  `,
  host: { class: 'k-card' },
})
export class SwitchCard {
  private readonly switches = inject(Switches);
  protected readonly attempt = new Attempt();

  readonly of = input.required<SwitchOut>();
  /** Whether the person may change it. */
  readonly settable = input(true);

  protected readonly looks = SWITCH_LOOKS;
  protected readonly states = SWITCH_STATES;
  protected readonly title = computed(() => scopeInWords(this.of()));
  protected readonly wanted = linkedSignal<SwitchState>(() => this.of().state);
  protected readonly reason = signal('');

  protected async save(): Promise<void> {
    if (!this.reason().trim()) return;
    const body = { state: this.wanted(), reason: this.reason().trim() };
    const done = await this.attempt.make(() => this.switches.set(this.of().scope, body));
    if (done) this.reason.set('');
  }
}
